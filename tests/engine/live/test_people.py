"""What anyone may rely on when somebody wants to be forgotten: nothing of them is left, and there is a proof."""

import numpy as np
import pytest

from llm4rec.core import Feedback, Impression, UserVersion, stream, unbroken
from llm4rec.core.keeping import Erasure
from llm4rec.engine import Engine
from llm4rec.store import open_store
from llm4rec.testing import checkerboard


def click(user, item, **more):
    return {"user": user, "item": item, "kind": "click", **more}


@pytest.fixture
def known(board, lively):
    """A service that knows user-4 from its data, from feedback, from an answer and by age."""
    live = lively(board)
    live.upsert_users([{"user": "user-4", "attributes": {"age": 40}}])
    shown = live.recommend(user="user-4", n=2)
    live.feedback([click("user-4", "item-1", impression=shown.impression), click("user-5", "item-2")])
    live.recommend(user="user-5", n=1)
    return live


def test_everything_that_is_kept_of_a_person_can_be_had(known):
    told = known.export("user-4")
    assert [row["item"] for row in told["Feedback"]] == ["item-1"]
    assert told["Impression"][0]["slots"][0]["item"] == "item-4"
    assert told["UserVersion"][-1]["attributes"] == {"age": 40}
    assert {event["item"] for event in told["fitted"]} == {f"item-{n}" for n in range(0, 20, 2) if n != 4}


def test_nothing_is_left_of_who_was_erased(known, store):
    proof = known.erase("user-4")
    assert proof.complete
    assert (proof.store.before["interactions"], proof.store.after["interactions"]) == (1, 0)
    assert proof.memory["events"] == 1
    for kind in (Feedback, Impression, UserVersion):
        assert "user-4" not in {row.user for row in stream(store, kind)}
    assert unbroken(list(stream(store, Erasure)))
    told = known.export("user-4")
    assert not any(told[name] for name in ("Feedback", "Impression", "UserVersion", "fitted"))
    assert any("not known" in note for note in known.recommend(user="user-4", n=1).degraded)
    assert known.recommend(user="user-5", n=1).items == ("item-5",), "the others stay"


def test_the_engine_equals_one_that_was_never_fitted_on_them(known, board):
    proof = known.erase("user-4")
    assert proof.method == "forgotten"
    assert proof.before != proof.after
    without = Engine(board.settings).fit(checkerboard().without_user(4))
    ours, theirs = known.recommend(history=["item-3"], n=20), without.recommend(history=["item-3"], n=20)
    np.testing.assert_allclose(
        [ours.scores[ours.items.index(item)] for item in theirs.items], theirs.scores, atol=1e-5
    )


def test_the_old_engine_does_not_bring_them_back(known, board, lively):
    known.erase("user-4")
    again = lively(board)
    assert again.serving.number("user-4") == -1
    assert board.fitted.dataset.users.ids.number("user-4") == 4, "the engine that was given stays"
    assert not again.refit_due


def test_a_model_that_cannot_forget_knows_nothing_of_them_and_says_that_a_fit_is_due(lively, board):
    engine = Engine(board.settings, model="popular").fit(checkerboard())
    live = lively(engine)
    proof = live.erase("user-4")
    assert proof.method == "hidden until the next fit"
    assert not proof.complete
    assert "1 people" in live.refit_due
    assert any("not known" in note for note in live.recommend(user="user-4", n=1).degraded)


def test_other_workers_forget_as_well(known, board, lively, tmp_path):
    with open_store(str(tmp_path / "shop.db")) as other:
        there = lively(board, over=other)
        there.recommend(user="user-4")
        known.erase("user-4")
        there.follow()
        assert there.states.held("user-4") is None
        assert there.serving.number("user-4") == -1


def test_whoever_comes_back_is_somebody_new(known):
    known.erase("user-4")
    known.feedback([click("user-4", "item-3")])
    answer = known.recommend(user="user-4", n=3)
    assert {int(item.split("-")[1]) % 2 for item in answer.items} == {1}
