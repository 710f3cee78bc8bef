"""An audit on worlds whose answers are known: who is swapped, who is removed, and what fake profiles reach."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    Dataset,
    FitContext,
    Interactions,
    Request,
    Users,
    Vocabulary,
    silent,
)
from llm4rec.engine import Settings
from llm4rec.engine.settings import FitSettings
from llm4rec.engine.shield import Shield
from llm4rec.evaluation.audit import LIMIT, Plan, _swapped, _twins, audit, rank_biased_overlap
from llm4rec.evaluation.manipulation import KINDS, PATIENT, Attack, attacked, lists_of, reached, unpopular
from llm4rec.models.transition import Transition, TransitionConfig
from llm4rec.testing import checkerboard

EASE = {"models": {"ease": {"tune": False}}, "encoder": {"name": "none"}}


@pytest.fixture
def data():
    board = checkerboard()
    sides = np.array(["f", "m"] * 10, dtype=object)
    return replace(board, users=Users(board.users.ids, {"gender": Column(ColumnType.CATEGORY, sides)}))


@pytest.fixture(scope="module")
def found():
    board = checkerboard()
    sides = np.array(["f", "m"] * 10, dtype=object)
    told = replace(board, users=Users(board.users.ids, {"gender": Column(ColumnType.CATEGORY, sides)}))
    return audit(told, Settings(fit={"model": "ease", "tune": False}, **EASE), Plan(share=0.05, targets=1))


def test_overlap_by_rank_is_one_for_equal_lists_and_prefers_the_top():
    lists = np.array([[0, 1, 2]])
    assert rank_biased_overlap(lists, lists)[0] == pytest.approx(1.0)
    assert rank_biased_overlap(lists, np.array([[3, 4, 5]]))[0] == 0.0
    top, bottom = (rank_biased_overlap(lists, np.array([row]))[0] for row in ([0, 1, 9], [9, 1, 2]))
    assert top > bottom
    p = 0.5
    assert rank_biased_overlap(np.array([[0, 1]]), np.array([[1, 0]]), p)[0] == pytest.approx(p / (1 + p))


def test_what_no_model_sees_changes_no_list(found):
    assert found["protected"]["held_back"] == ["gender"]
    assert found["counterfactual"]["gender"] == {
        "overlap": 1.0,
        "rbo": pytest.approx(1.0),
        "equal": 1.0,
        "people": 20,
    }


def test_a_model_that_looks_at_the_attribute_is_found_out(data):
    twins = _twins(data, ("gender",), np.random.default_rng(0))

    class Looks:
        def score(self, requests):
            told = twins.dataset.users.columns["gender"].values
            rows = [np.arange(20) if told[r.user] == "f" else -np.arange(20) for r in requests]
            return np.array(rows, dtype=np.float32)

    found = twins.compared(Looks())["gender"]
    assert found["equal"] == 0.0
    assert found["overlap"] < 1.0
    assert found["people"] == 20


def test_the_busiest_users_are_removed_and_compared(found):
    assert len(found["influence"]["removed"]) == 5
    assert found["influence"]["worst"]["overlap"] <= 1.0


def test_every_attack_is_tried(found):
    assert set(found["manipulation"]["attacks"]) == set(KINDS)
    assert found["manipulation"]["profiles"] == 1


def test_a_swapped_value_is_another_one():
    column = Column(ColumnType.CATEGORY, np.array(["f", "m", "f", None], dtype=object))
    swapped = _swapped(column, np.array([0, 1, 2, 3]), np.random.default_rng(0))
    assert swapped.values.tolist()[:3] == ["m", "f", "m"]
    assert swapped.values[3] in ("f", "m")


@pytest.mark.parametrize("kind", KINDS)
def test_fakes_stand_behind_everybody_and_push_their_item(data, kind):
    made = attacked(data, Attack(kind, 3, 2), np.random.default_rng(0))
    assert len(made.users) == len(data.users) + 2
    for user in range(len(data.users)):
        np.testing.assert_array_equal(made.history(user).items, data.history(user).items)
    for fake in (20, 21):
        history = made.history(fake)
        assert 3 in history.items
        if kind not in PATIENT:
            assert history.timestamps.min() > data.interactions.timestamps.max()


def shop_of_many(people=300, things=80):
    """Everybody takes 15 things, popular ones first; things 0 and 1 are taken by one person each."""
    rng = np.random.default_rng(2)
    shares = 1.0 / np.arange(1, things - 1)
    rows = [2 + rng.choice(things - 2, 15, replace=False, p=shares / shares.sum()) for _ in range(people)]
    rows[0], rows[1] = np.append(rows[0], 0), np.append(rows[1], 1)
    users = np.repeat(np.arange(people), [len(row) for row in rows])
    spread = rng.permutation(len(users)) * 86_400.0
    events = Interactions.of(users, np.concatenate(rows), timestamps=spread).sorted()
    return Dataset(events, Catalog(Vocabulary(list(range(things)))), Users(Vocabulary(list(range(people)))))


@pytest.mark.parametrize("kind", PATIENT)
def test_patient_accounts_come_over_weeks(kind):
    data = shop_of_many()
    made = attacked(data, Attack(kind, 0, 4), np.random.default_rng(0))
    starts = sorted(made.history(fake).timestamps.min() for fake in range(300, 304))
    assert np.diff(starts) == pytest.approx([14 * 86_400.0] * 3)


@pytest.mark.parametrize(("kind", "ends"), [("aimed", 1), ("trios", 2), ("teams", 2)])
def test_teams_end_alike_and_begin_as_somebody(kind, ends):
    data, length = shop_of_many(), 2 if kind == "teams" else 4
    made = attacked(data, Attack(kind, 0, 4), np.random.default_rng(0))
    rows = [made.history(fake).items.tolist() for fake in range(300, 304)]
    assert len({tuple(row[-length:]) for row in rows}) == ends
    assert {row[-1] for row in rows} == {0}
    people = [set(data.history(u).items.tolist()) for u in range(300)]
    assert all(any(set(row[:-length]) <= own for own in people) for row in rows)


@pytest.mark.parametrize("kind", ["latest", "knowing", "aimed", "trios"])
def test_what_reaches_lists_without_the_shield_reaches_few_with_it(kind):
    """The same eight accounts against a model of sequences, without and with what an account is worth."""
    data = shop_of_many()
    made = attacked(data, Attack(kind, 0, 8), np.random.default_rng(0))
    requests = [Request(data.history(u), user=u) for u in range(300)]
    shares = []
    for shield in (Shield((), 10**9, 10**9), Shield.of(FitSettings())):
        model = Transition(TransitionConfig(tune=False)).fit(shield.data(made), FitContext(progress=silent))
        shares.append(reached(lists_of(model, requests, 80), 0, requests))
    assert shares[0] > LIMIT
    assert shares[1] <= LIMIT


def test_reach_counts_people_who_have_not_taken_it(data):
    requests = [Request(data.history(u), user=u) for u in (0, 1, 2)]
    target = 4
    assert [target in r.history.items for r in requests] == [True, False, True]
    lists = np.array([[target], [target], [0]])
    assert reached(lists, target, requests) == 1.0


def test_pushed_items_are_rare(data):
    some = unpopular(data, 2, np.random.default_rng(0), most=1)
    assert len(some) == 2


def test_a_shop_of_one_person_is_audited_too(data):
    alone = data.only(data.interactions.users == 3)
    content = audit(alone, Settings(fit={"model": "popular"}, encoder={"name": "none"}), Plan(targets=1))
    assert content["influence"]["removed"][0]["equal"] == 1.0
    assert content["manipulation"]["profiles"] == 1
