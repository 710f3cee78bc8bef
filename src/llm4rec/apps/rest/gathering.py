"""Questions that arrive while others are being answered, answered together next. Knows nothing of HTTP."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from llm4rec.core import Llm4recError, Recommendations
from llm4rec.engine.live import Live

MOST = 64  # questions answered together
Answered = Recommendations | Exception


@dataclass(eq=False)
class Gathering:
    """One batch at a time: a lone question is answered at once, many wait for one batch at most.

    The lists are those that each question would have got alone. All of its methods run on the event loop.
    """

    pool: Executor
    _waiting: deque[tuple[Live, Mapping[str, Any], asyncio.Future[Recommendations]]] = field(
        default_factory=deque
    )
    _busy: bool = False

    async def answer(self, live: Live, question: Mapping[str, Any]) -> Recommendations:
        """The answer to one question; errors are those of `Live.recommend`."""
        mine: asyncio.Future[Recommendations] = asyncio.get_running_loop().create_future()
        self._waiting.append((live, question, mine))
        if not self._busy:
            self._next()
        return await mine

    def _next(self) -> None:
        """Hand over all that wait for the same engine as the first of them."""
        live = self._waiting[0][0]
        batch: list[tuple[Live, Mapping[str, Any], asyncio.Future[Recommendations]]] = []
        while self._waiting and len(batch) < MOST and self._waiting[0][0] is live:
            batch.append(self._waiting.popleft())
        self._busy = True
        done = asyncio.get_running_loop().run_in_executor(
            self.pool, _answers, live, [question for _, question, _ in batch]
        )
        done.add_done_callback(lambda ended: self._told(ended, [mine for _, _, mine in batch]))

    def _told(
        self, ended: asyncio.Future[Sequence[Answered]], asked: Sequence[asyncio.Future[Recommendations]]
    ) -> None:
        self._busy = False
        if self._waiting:
            self._next()
        error = ended.exception()
        answers = [error] * len(asked) if error is not None else ended.result()
        for mine, answer in zip(asked, answers, strict=True):
            if mine.done():  # whoever asked has gone
                continue
            if isinstance(answer, BaseException):
                mine.set_exception(answer)
            else:
                mine.set_result(answer)


def _answers(live: Live, questions: Sequence[Mapping[str, Any]]) -> Sequence[Answered]:
    """All at once; where one of them is wrong, each by itself, so that it spoils no other."""
    try:
        return live.recommend_many(questions)
    except Llm4recError as error:
        if len(questions) == 1:
            return [error]
    return [_answers(live, [question])[0] for question in questions]
