"""What `auto` promises: the default where data are few, a better model where there is one, and one line why."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Dataset, Holdout, Interactions, Request, SettingsError, Users, Vocabulary
from llm4rec.engine import Engine, Settings, choosing
from llm4rec.engine.build import build_model
from llm4rec.engine.choosing import choose
from llm4rec.testing import context, in_a_row
from models.stacking import walkers

QUICK = {"hybrid": {"inputs": ("sequence", "transition"), "earlier": 0, "rounds": 30, "min_leaf": 5}}


def chosen(monkeypatch, data, questions, enough=10, clock=None, stacker=QUICK, **settings):
    monkeypatch.setattr(choosing, "ENOUGH", enough)
    ticks = {} if clock is None else {"clock": clock}
    world = context(data, make=build_model)
    return choose(Settings(models=stacker, **settings), data, questions, world, **ticks)


def test_few_questions_and_few_events_are_left_to_the_default(monkeypatch):
    data, questions = walkers(users=20)
    assert "too few to compare" in chosen(monkeypatch, data, questions).why
    data, questions = walkers(users=150)
    found = chosen(monkeypatch, data, questions, enough=50_000)
    assert found.name == "sequence"
    assert (
        found.why == f"sequence: {len(data.interactions)} interactions are few for a stacker (50000 wanted)"
    )


def test_a_budget_too_small_for_a_stacker_is_kept(monkeypatch):
    ticks = iter([0.0, 120.0])
    data, questions = walkers(users=150)
    found = chosen(monkeypatch, data, questions, clock=lambda: next(ticks), fit={"budget": 5.0})
    assert found.name == "sequence"
    assert found.why == "sequence: a stacker would take about 10 minutes more, over the budget of 5"


def test_a_stacker_that_orders_no_better_is_not_kept(monkeypatch):
    data, questions = walkers(users=150)
    found = chosen(monkeypatch, data, questions)
    assert found.name == "sequence"
    assert "no order of its candidates was better" in found.why
    assert "base 1.0000" in found.why


def test_a_stacker_that_orders_better_is(monkeypatch):
    data, questions = walkers(users=150)
    monkeypatch.setattr(choosing, "DEFAULT", "itemknn_tuned")
    monkeypatch.setattr(choosing, "PLAIN", ())
    monkeypatch.setattr(choosing, "build_model", _renamed)
    found = chosen(monkeypatch, data, questions)
    assert found.name == "hybrid"
    assert found.why.startswith("hybrid: order of candidates: ")


def _renamed(name, options):
    """The default as a weak model that chooses settings, so that a stacker has something to win."""
    if name == "itemknn_tuned":
        return build_model("ease", {"decay": None, "decays": (None,)})
    if name == "hybrid":
        return build_model("hybrid", {**options, "inputs": ("itemknn", "transition"), "options": {}})
    return build_model(name, options)


def with_rushes(data, *rushes):
    """The walks, long past, and for each (item, people, time) so many who took that item then and nothing else."""
    rows = replace(data.interactions, timestamps=data.interactions.timestamps + 1e9)
    people = len(data.users)
    for item, size, moment in rushes:
        users = np.arange(people, people + size)
        rows = rows.followed_by(Interactions.of(users, np.full(size, item), timestamps=np.full(size, moment)))
        people += size
    everybody = Users(Vocabulary([f"user-{n}" for n in range(people)]))
    return Dataset(rows.sorted(), data.catalog, everybody, data.name)


def test_a_plain_model_that_surely_does_better_is_chosen(monkeypatch):
    data, questions = walkers(users=150)
    asked = [r for r in questions.requests if not {3, 7} & set(r.history.items.tolist())]
    rushed = Holdout(asked, [np.array([3])] * len(asked))
    monkeypatch.setattr(choosing, "ASKED", 20)
    found = chosen(monkeypatch, with_rushes(data, (3, 60, 2e9), (7, 90, 1e9)), rushed)
    assert found.name == "popular"
    assert found.why.startswith("popular: NDCG@10 1.0000 on held-out events, sequence ")


def test_people_of_whom_nothing_is_known_are_asked_as_an_engine_would_answer_them(monkeypatch):
    """They are shown what is popular whichever model is chosen, so they say nothing for or against any."""
    data, questions = walkers(users=150)
    nobody = Request(data.history(0).take(slice(0)))
    strangers = Holdout([*questions.requests, *[nobody] * 300], [*questions.targets, *[np.array([0])] * 300])
    found = chosen(monkeypatch, with_rushes(data, (0, 200, 2e9)), strangers, enough=10**6)
    assert found.name == "sequence"


@pytest.mark.parametrize(
    ("epoch", "inputs", "epochs", "told"),
    [
        (
            2.0,
            ("sequence", "attention"),
            None,
            "no order of its candidates was better",
        ),  # thirty-two epochs twice: 128 s
        (20.0, ("sequence", "attention"), 14, "'attention' for 14 epochs of 32"),
        (200.0, ("sequence", "ease"), None, "'attention' would take about 213 minutes more"),
    ],
)
def test_the_network_is_an_input_of_the_stacker_as_far_as_the_budget_goes(
    monkeypatch, epoch, inputs, epochs, told
):
    ticks = iter([0.0, 1.0, 1.0, 1.0, 1.0 + epoch])
    data, questions = walkers(users=150)
    monkeypatch.setattr(choosing, "QUICK", ("ease",))
    asked = []
    monkeypatch.setattr(choosing, "build_model", lambda name, options: _noted(asked, name, options))
    why = chosen(monkeypatch, data, questions, clock=lambda: next(ticks), stacker={}).why
    stacker = next(options for name, options in asked if name == "hybrid")
    assert stacker["inputs"] == inputs
    assert stacker["options"].get("attention", {}).get("epochs") == epochs
    assert told in why


def _noted(asked, name, options):
    asked.append((name, options))
    if name == "hybrid":
        options = {**options, "inputs": ("sequence", "ease"), "earlier": 0}
    return build_model(name, options)


def test_options_without_a_model_are_refused():
    with pytest.raises(SettingsError, match="are of no model"):
        Engine(Settings(models={"auto": {"reg": 1.0}})).check()


def test_the_engine_says_in_one_line_what_was_chosen_and_saves_it_by_name(tmp_path):
    engine = Engine(Settings(encoder={"name": "none"})).fit(in_a_row())
    assert engine.fitted.name == "sequence"
    assert engine.fitted.notes[0].startswith("sequence: ")
    loaded = Engine.load(engine.save(tmp_path / "engine"))
    assert loaded.fitted.name == "sequence"
    request = [Request(engine.fitted.dataset.history(0))]
    np.testing.assert_array_equal(loaded.score(request), engine.score(request))


def test_without_choosing_the_default_stands():
    engine = Engine(Settings(encoder={"name": "none"}, fit={"tune": False})).fit(in_a_row())
    assert engine.fitted.name == "sequence"
    assert engine.fitted.notes == ()


def test_chances_come_with_the_answer_where_the_model_knows_them():
    settings = Settings(encoder={"name": "none"}, models=QUICK)
    stacked = Engine(settings.with_model("hybrid", {"form": "trees"})).fit(in_a_row(40, 200))
    first = stacked.recommend(history=[f"item-{n}" for n in range(3, 20)], n=3, chances=True)
    assert first.items[0] == "item-20"
    assert first.chances[0] > 0.5 > first.chances[1]
    assert first.unsure == ""
    stranger = stacked.recommend(history=[], n=3, chances=True)
    assert stranger.unsure.startswith("not sure yet")
    assert np.isnan(stranger.chances).all()


def test_a_model_that_does_not_calibrate_says_so():
    engine = Engine(Settings(encoder={"name": "none"}), model="ease").fit(in_a_row())
    answer = engine.recommend(history=["item-3"], chances=True)
    assert answer.unsure == "chances are not known: 'ease' does not calibrate; 'hybrid' does"
    assert engine.recommend(history=["item-3"]).unsure == ""
