"""Questions answered together: each gets its own answer, and a wrong one spoils no other."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from llm4rec.apps.rest.gathering import Gathering
from llm4rec.core import SettingsError


class Slow:
    """Answers n with n; holds the first batch back until it is told; 13 is a wrong question."""

    def __init__(self):
        self.batches, self.go = [], threading.Event()

    def recommend_many(self, questions):
        self.batches.append([one["n"] for one in questions])
        self.go.wait(10)
        if any(one["n"] == 13 for one in questions):
            raise SettingsError("13 is no number")
        return [one["n"] for one in questions]


def test_what_waits_is_answered_together_and_errors_stay_with_their_question():
    live = Slow()

    async def ask(pool):
        gathering = Gathering(pool)
        asked = [asyncio.ensure_future(gathering.answer(live, {"n": n})) for n in (1, 2, 13, 3)]
        await asyncio.sleep(0.05)
        asked[3].cancel()
        live.go.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    with ThreadPoolExecutor(2) as pool:
        one, two, wrong, gone = asyncio.run(ask(pool))
    assert (one, two) == (1, 2)
    assert isinstance(wrong, SettingsError)
    assert isinstance(gone, asyncio.CancelledError)
    assert live.batches[:2] == [[1], [2, 13, 3]]


def test_an_error_of_ours_reaches_everybody_who_waited():
    class Broken:
        def recommend_many(self, questions):
            raise ZeroDivisionError

    async def ask(pool):
        with pytest.raises(ZeroDivisionError):
            await Gathering(pool).answer(Broken(), {"n": 1})

    with ThreadPoolExecutor(1) as pool:
        asyncio.run(ask(pool))
