"""A search ends where one without interruption would, never asks the test part, and never gets worse."""

import json
from dataclasses import replace

import numpy as np
import pytest

from evaluation.deadly import Deadly
from llm4rec.core import ComponentError, Dataset, FolderError, Interactions, SettingsError, Users, Vocabulary
from llm4rec.data import read_dataset
from llm4rec.engine import Engine, Settings, read_settings
from llm4rec.evaluation import parse_metric
from llm4rec.evaluation.tuning import Choices, Limits, Outcome, Range, parse_space, tune
from llm4rec.evaluation.tuning import search as search_module
from llm4rec.evaluation.tuning.crew import Processes
from llm4rec.evaluation.tuning.journal import Journal, alone_in
from llm4rec.evaluation.tuning.sampler import importances, suggest
from llm4rec.evaluation.tuning.task import measure, task_of
from llm4rec.evaluation.tuning.tuned import Tuned, best_of
from llm4rec.testing import in_a_row

SPACE = ["reg=1:1000:log", "decay=1:10:log", "ahead=1:3"]


def walks(users=30, size=16, length=8):
    """People who mostly go on to the next item, and sometimes anywhere: no setting is right for all."""
    rng = np.random.default_rng(11)
    steps = np.where(rng.random((users, length)) < 0.6, 1, rng.integers(2, size, (users, length)))
    items = (rng.integers(size, size=(users, 1)) + np.cumsum(steps, axis=1)) % size
    circle = in_a_row(size)
    owners = np.repeat(np.arange(users), length)
    rows = Interactions.of(owners, items.ravel(), timestamps=np.tile(np.arange(length) * 1e5, users))
    return Dataset(rows, circle.catalog, Users(Vocabulary(range(users))), "walks")


def settings_of(name="transition", **options):
    base = Settings(encoder={"name": "none"}, fit={"tune": False})
    return base.with_model(name, options)


def task(settings=None, dataset=None, protocol="leave-last-out", metric="ndcg@10"):
    return task_of(settings or settings_of(), dataset or walks(), protocol, parse_metric(metric))


def searched(folder, trials=14, jobs=1, texts=SPACE, **given):
    asked = task(**given)
    return tune(asked, parse_space(texts, asked.settings), folder, Limits(trials=trials, jobs=jobs))


def told(found):
    return [(t.number, dict(t.values), t.metric, t.error) for t in found.trials]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A search of fourteen trials without interruption."""
    return searched(tmp_path_factory.mktemp("whole"))


def test_the_first_trial_is_the_settings_as_they_are(whole):
    assert whole.first.values == {"reg": 50.0, "decay": 3.0, "ahead": 2}
    engine = Engine(settings_of())
    engine.fit(task().folds[0].train)
    assert measure(task(), 0, {}).metric == whole.first.metric


def test_the_best_is_never_worse_than_what_was(whole):
    assert whole.best.metric > whole.first.metric
    assert whole.best.metric == max(t.metric for t in whole.trials)


def test_among_equals_the_settings_as_they_are_win():
    metric = parse_metric("ndcg@10")
    alike = [Outcome(2, {}, 0.5), Outcome(0, {}, 0.5), Outcome(1, {}, None, "broken")]
    assert best_of(alike, metric).number == 0
    assert best_of([*alike, Outcome(3, {}, 0.6)], metric).number == 3
    assert best_of([*alike, Outcome(3, {}, 0.4)], parse_metric("rmse")).number == 3


def test_all_values_lie_in_the_space_and_differ(whole):
    for trial in whole.trials:
        assert 1 <= trial.values["reg"] <= 1000
        assert trial.values["ahead"] in (1, 2, 3)
    assert len({json.dumps(t.values) for t in whole.trials}) == 14


@pytest.mark.parametrize("stopped", [1, 12])
def test_a_search_that_was_stopped_ends_like_one_that_was_not(tmp_path, whole, stopped):
    searched(tmp_path, trials=stopped)
    journal = tmp_path / "trials.jsonl"
    journal.write_text(journal.read_text() + '{"number": 99, "val')  # killed while it wrote
    assert told(searched(tmp_path)) == told(whole)
    assert told(searched(tmp_path)) == told(whole)  # nothing was written to the half line
    assert len(journal.read_text().splitlines()) == 15


def test_finished_trials_are_not_done_again(tmp_path, monkeypatch):
    searched(tmp_path, trials=5)
    done = []
    monkeypatch.setattr("llm4rec.evaluation.tuning.crew.measure", lambda t, n, v: done.append(n))
    assert len(searched(tmp_path, trials=5).trials) == 5
    assert done == []


def test_the_seed_decides_what_is_tried(tmp_path, whole):
    other = settings_of().model_copy(update={"fit": settings_of().fit.model_copy(update={"seed": 1})})
    assert told(searched(tmp_path, settings=other, trials=3))[1:] != told(whole)[1:3]


def test_the_test_part_is_never_asked(tmp_path, whole):
    data = walks()
    rows = data.interactions
    last = np.append(np.flatnonzero(np.diff(rows.users)), len(rows) - 1)
    items = rows.items.copy()
    items[last] = (items[last] + 5) % len(data.catalog)
    changed = Dataset(replace(rows, items=items), data.catalog, data.users, data.name)
    assert told(searched(tmp_path / "a", trials=3, dataset=changed)) == told(whole)[:3]
    items[last - 1] = (items[last - 1] + 5) % len(data.catalog)  # the validation part is asked
    changed = Dataset(replace(rows, items=items), data.catalog, data.users, data.name)
    assert told(searched(tmp_path / "b", trials=1, dataset=changed)) != told(whole)[:1]


class Hands:
    """Three trials at a time, of which the one at `place` is finished first."""

    size = 3

    def __init__(self, place):
        self.place, self.begun = place, []

    def begin(self, number, values):
        self.begun.append((number, values))

    def finished(self):
        number, values = self.begun.pop(self.place)
        return [Outcome(number, values, -abs(np.log(values["reg"] / 30)))]

    def close(self):
        assert not self.begun


def test_what_is_tried_does_not_hang_on_who_is_quicker(tmp_path, monkeypatch):
    found = []
    for place in (0, -1):
        monkeypatch.setattr(search_module, "crew_of", lambda task, jobs, place=place: Hands(place))
        found.append(searched(tmp_path / str(place), trials=24, jobs=3))
    assert told(found[0]) == told(found[1])
    orders = [(tmp_path / str(place) / "trials.jsonl").read_text().splitlines()[1:] for place in (0, -1)]
    numbers = [[Outcome.read(line).number for line in order] for order in orders]
    assert numbers[0] == sorted(numbers[0]) != numbers[1]


def test_a_process_that_dies_costs_its_trial_only(tmp_path):
    crew = Processes(Deadly(tmp_path / "grave"), 1)
    try:
        crew.begin(0, {"reg": 1.0})
        (lost,) = crew.finished()
        crew.begin(1, {"reg": 2.0})
        (other,) = crew.finished()
    finally:
        crew.close()
    assert lost.failed
    assert "died with exit code 3" in lost.error
    assert (other.number, other.error) == (1, "SettingsError: alive")


def test_bad_settings_and_nan_are_failed_trials_and_the_search_goes_on(tmp_path, monkeypatch):
    real = measure

    def odd(task, number, values):
        return Outcome(number, values, None, "ndcg@10 is nan") if number == 2 else real(task, number, values)

    monkeypatch.setattr("llm4rec.evaluation.tuning.crew.measure", odd)
    found = searched(tmp_path, trials=6)
    assert [t.failed for t in found.trials] == [False, False, True, False, False, False]
    assert "1 of 6 trials failed" in found.notes
    assert json.loads((tmp_path / "tune.json").read_text())["trials"][2]["error"] == "ndcg@10 is nan"


def test_what_goes_wrong_in_a_trial_is_told():
    asked = task(settings_of("attention", embedding_size=32, epochs=1))
    outcome = measure(asked, 4, {"heads": 5})
    assert outcome.failed
    assert outcome.error.startswith("SettingsError")
    assert "5" in outcome.error


def test_a_figure_that_is_no_number_is_a_failure(monkeypatch):
    monkeypatch.setattr("llm4rec.evaluation.tuning.task._measured", lambda task, values: (float("nan"), {}))
    outcome = measure(task(), 0, {})
    assert (outcome.metric, outcome.error) == (None, "ndcg@10 is nan")


def test_a_search_without_hope_is_given_up(tmp_path, monkeypatch):
    done = []

    def broken(task, number, values):
        done.append(number)
        return Outcome(number, values, None, "DataError: broken")

    monkeypatch.setattr("llm4rec.evaluation.tuning.crew.measure", broken)
    with pytest.raises(ComponentError, match=r"all 10 trials failed.*DataError: broken"):
        searched(tmp_path, trials=500)
    assert done == list(range(10))
    with pytest.raises(ComponentError, match="all 10 trials failed"):
        searched(tmp_path, trials=500)
    assert len(done) == 10


def test_a_small_space_is_used_up_and_no_more(tmp_path):
    found = searched(tmp_path, trials=100, texts=["ahead=1:3", "window=20|30"])
    tried = {(t.values["ahead"], t.values["window"]) for t in found.trials}
    assert len(found.trials) == len(tried) == 6
    assert found.ended == "all values of the space have been tried"


def test_the_budget_counts_what_earlier_runs_took(tmp_path):
    asked = task()
    space = parse_space(SPACE, asked.settings)
    journal = Journal(tmp_path, search_module._about(asked, space))
    journal.read()
    journal.add(Outcome(0, {"reg": 50.0, "decay": 3.0, "ahead": 2}, 0.25, at=61.0))
    found = tune(asked, space, tmp_path, Limits(minutes=1.0))
    assert len(found.trials) == 1
    assert found.ended == "1 minutes"
    assert len(tune(asked, space, tmp_path, Limits(minutes=5.0, trials=3)).trials) == 3


def test_current_settings_outside_of_the_space_are_tried_and_teach_what_they_can(tmp_path):
    found = searched(tmp_path, trials=3, texts=["reg=100:1000", "ahead=1:3"])
    assert found.first.values["reg"] == 50.0
    assert found.first.metric is not None


def test_another_search_in_the_same_folder_is_refused(tmp_path):
    searched(tmp_path, trials=2)
    with pytest.raises(SettingsError, match=r"other terms \(space differ"):
        searched(tmp_path, trials=2, texts=["reg=1:5"])
    with pytest.raises(SettingsError, match=r"other terms \(data differ"):
        searched(tmp_path, trials=2, dataset=walks(users=29))
    with pytest.raises(SettingsError, match=r"other terms \(settings differ"):
        searched(tmp_path, trials=2, settings=settings_of(window=9))
    data = walks()
    renamed = replace(data, catalog=in_a_row(17).catalog.take(np.arange(1, 17)))
    with pytest.raises(SettingsError, match=r"other terms \(data differ"):
        searched(tmp_path, trials=2, dataset=renamed)
    (tmp_path / "trials.jsonl").write_text("what?\n")
    with pytest.raises(FolderError, match="holds no trials that can be read"):
        searched(tmp_path, trials=2)


def test_two_searches_at_once_in_one_folder_are_refused(tmp_path):
    with alone_in(tmp_path), pytest.raises(FolderError, match="another search is at work"):
        searched(tmp_path, trials=2)
    assert len(searched(tmp_path, trials=2).trials) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "needs an end"),
        ({"trials": 0}, "at least 1"),
        ({"minutes": 0.0}, "more than 0"),
        ({"trials": 1, "jobs": 0}, "jobs"),
    ],
)
def test_limits_that_make_no_sense(given, message):
    with pytest.raises(SettingsError, match=message):
        Limits(**given)


def test_the_settings_written_give_the_figure_promised(tmp_path, whole):
    whole.write(tmp_path)
    again = read_settings(tmp_path / "settings.toml", environment={})
    assert again == whole.settings
    assert measure(task(again), 0, {}).metric == whole.best.metric


def test_settings_that_were_best_already_stay_as_they_were_said(tmp_path):
    found = searched(tmp_path, trials=1)
    assert read_settings(tmp_path / "settings.toml", environment={}) == settings_of()
    assert "trials are too few or too much alike to say what mattered" in found.notes


def test_values_that_the_model_chooses_itself_are_noted(tmp_path):
    choosing = settings_of("ease")
    choosing = choosing.model_copy(update={"fit": choosing.fit.model_copy(update={"tune": True})})
    found = searched(tmp_path, trials=3, settings=choosing, texts=["decay=40:90", "reg=1:9"])
    assert any("'decay' was chosen by the model itself" in note for note in found.notes)
    assert not any("'reg'" in note for note in found.notes)


def test_without_a_validation_part_the_last_events_of_training_are_asked(tmp_path):
    asked = task(protocol="k-fold:2")
    assert len(asked.folds) == 2
    assert "no validation part" in asked.notes[0]
    assert measure(asked, 0, {}).metric > 0


def test_ratings_are_judged_by_their_error(tmp_path):
    (tmp_path / "stars").mkdir()
    rng = np.random.default_rng(0)
    rows = [
        f"u{u},i{i},{5 if (u + i) % 2 else 1}" for u in range(12) for i in range(12) if rng.random() < 0.7
    ]
    (tmp_path / "stars" / "interactions.csv").write_text("\n".join(["user_id,item_id,rating", *rows]) + "\n")
    data = read_dataset(tmp_path / "stars")
    asked = task(settings_of("mf", embedding_size=2, epochs=5), data, "k-fold:2", "rmse")
    found = tune(asked, {"reg": Range(0.1, 10, log=True)}, tmp_path / "out", Limits(trials=3))
    assert found.best.metric == min(t.metric for t in found.trials)
    with pytest.raises(SettingsError, match="'ease' predicts no values for metric 'rmse'"):
        task(settings_of("ease"), data, "k-fold:2", "rmse")
    with pytest.raises(SettingsError, match="no ratings or clicks"):
        task(settings_of("mf"), metric="rmse")


def test_the_search_learns_where_it_is_good():
    space = {"x": Range(0.0, 1.0), "y": Range(0.0, 1.0)}
    done = []
    for number in range(40):
        values = suggest(space, done, [d.values for d in done], 0, number, lower=False)
        done.append(Outcome(number, values, -((values["x"] - 0.2) ** 2)))
    late = [abs(d.values["x"] - 0.2) for d in done[25:]]
    assert np.median(late) < 0.2  # drawn anywhere it would be .3
    found = importances(space, done, lower=False)
    assert found["x"] > 0.8
    assert sum(found.values()) == pytest.approx(1.0)


def test_lower_is_better_turns_the_search_around():
    space = {"x": Range(0.0, 1.0)}
    done = []
    for number in range(30):
        values = suggest(space, done, [d.values for d in done], 0, number, lower=True)
        done.append(Outcome(number, values, values["x"]))
    assert np.median([d.values["x"] for d in done[20:]]) < 0.2  # drawn anywhere it would be .5


def test_what_mattered_is_found_even_where_the_search_dwelt_on_the_best():
    space = {"key": Choices(("bad", "good")), "noise": Range(0.0, 1.0)}
    rng = np.random.default_rng(2)
    done = [
        Outcome(n, {"key": "bad" if n < 4 else "good", "noise": float(x)}, (n >= 4) + 0.1 * float(x))
        for n, x in enumerate(rng.random(30))
    ]
    assert importances(space, done, lower=False)["key"] > 0.8


def test_importance_needs_trials_that_differ():
    space = {"x": Choices((1, 2))}
    assert importances(space, [Outcome(n, {"x": 1}, 0.5) for n in range(9)], lower=False) == {}


def test_the_picture_names_each_setting(tmp_path, whole):
    whole.write(tmp_path)
    assert set(whole.importance) == {"reg", "decay", "ahead"}
    assert (tmp_path / "importance.svg").read_text().startswith("<?xml")
    assert isinstance(whole, Tuned)
