"""The stream: nothing of the future is known, what was learnt is known at once or when it is said to be."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Dataset, Interactions, Users, Vocabulary
from llm4rec.core.errors import CannotSayError, SettingsError
from llm4rec.evaluation.replay import ReplayConfig, replay, stream_of, told, windows

PEOPLE, STEPS = 30, 12


def walkers():
    """Everybody takes items 0, 1, 2 … in order, all of them at once, a step a time."""
    users = np.repeat(np.arange(PEOPLE), STEPS)
    items = np.tile(np.arange(STEPS), PEOPLE)
    rows = Interactions.of(users, items, timestamps=items.astype(float))
    ids = Vocabulary([f"u{n}" for n in range(PEOPLE)])
    return Dataset(rows, Catalog(Vocabulary([f"i{n}" for n in range(STEPS)]), {}), Users(ids, {}))


class Next:
    """Expects the item behind the last one of the history; remembers what it was told."""

    def __init__(self, met):
        self.met = met
        self.degraded = []

    def fit(self, dataset, **_):
        self.known = dataset
        self.met.append(("fit", len(dataset.interactions)))

    def score(self, requests):
        found = np.zeros((len(requests), STEPS), dtype=np.float32)
        for row, request in zip(found, requests, strict=True):
            self.met.append((request.user, len(request.history), request.time))
            if len(request.history):
                row[(request.history.items[-1] + 1) % STEPS] = 1.0
        return found


def lived(dataset=None, **said):
    met = []
    config = ReplayConfig(metrics=("hr@1",), **said)
    return replay(dataset or walkers(), lambda: Next(met), config), met


def test_every_event_counts_in_the_next_question():
    found, met = lived()
    assert found.values["hr@1"].tolist() == [1.0] * (PEOPLE * STEPS // 2)
    lengths = [length for _, length, *_ in met[1:]]
    assert lengths == sorted(lengths)
    assert set(lengths) == set(range(STEPS // 2, STEPS))
    assert met[0] == ("fit", PEOPLE * STEPS // 2)
    assert found.fits == 1


def test_histories_that_never_grow_know_the_first_step_alone():
    found, met = lived(update_every=0)
    right = found.values["hr@1"].reshape(-1, PEOPLE).mean(axis=1)
    np.testing.assert_array_equal(right[:1], 1.0)
    np.testing.assert_array_equal(right[1:], 0.0)
    assert {length for _, length, *_ in met[1:]} == {STEPS // 2}


def test_histories_may_grow_by_batches():
    _, met = lived(update_every=2 * PEOPLE)
    lengths = np.array([length for _, length, *_ in met[1:]]).reshape(-1, PEOPLE)
    assert lengths[:, 0].tolist() == [6, 6, 8, 8, 10, 10]


def test_refits_see_the_past_alone_and_come_as_often_as_said():
    found, met = lived(refit_every=PEOPLE)
    half = PEOPLE * STEPS // 2
    assert [size for what, size, *_ in met if what == "fit"] == list(range(half, 2 * half, PEOPLE))
    assert found.fits == STEPS // 2


def test_time_is_told_only_where_asked_for():
    assert {moment for *_, moment in lived()[1][1:]} == {None}
    assert {moment for *_, moment in lived(target_time=True)[1][1:]} == set(map(float, range(6, 12)))


def test_what_was_taken_before_is_no_question():
    rows = walkers().interactions
    again = Interactions.of([0] * 3, [11] * 3, timestamps=[20.0, 21.0, 22.0])
    dataset = Dataset(rows.followed_by(again).sorted(), walkers().catalog, walkers().users)
    stream = stream_of(dataset, ReplayConfig(warm=0.25))
    assert stream.skipped == 3
    assert len(stream.asked) == PEOPLE * STEPS - stream.warm


def test_windows_follow_each_other_and_tell_the_course():
    found, _ = lived(update_every=0)
    rows = windows(found, "hr@1", PEOPLE)
    assert [(row["from"], row["to"]) for row in rows] == [(n * PEOPLE, (n + 1) * PEOPLE) for n in range(6)]
    assert [row["mean"] for row in rows] == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_models_are_compared_question_by_question():
    config = ReplayConfig(metrics=("hr@1",), window=PEOPLE)
    content = told(
        {"grows": lived()[0], "stays": lived(update_every=0)[0]}, config, stream_of(walkers(), config)
    )
    versus = content["models"]["stays"]["versus"]["grows"]["hr@1"]
    assert versus["difference"] == pytest.approx(-5 / 6)
    assert versus["high"] < 0
    assert content["replay"]["questions"] == 180


def test_a_fall_in_the_middle_of_the_stream_raises_an_alarm():
    config = ReplayConfig(metrics=("hr@1",), update_every=0, warm=0.1, drift={"reference": 100})
    users = np.repeat(np.arange(300), 2)
    items = np.stack([np.zeros(300), np.where(np.arange(300) < 200, 1, 5)], axis=1).ravel().astype(int)
    times = np.stack([np.zeros(300), 1.0 + np.arange(300)], axis=1).ravel()
    ids = Vocabulary([f"u{n}" for n in range(300)])
    dataset = Dataset(Interactions.of(users, items, timestamps=times), walkers().catalog, Users(ids, {}))
    config = config.model_copy(update={"warm": 0.5})
    (alarm,) = replay(dataset, lambda: Next([]), config).alarms
    assert alarm.way == "down"
    assert 200 <= alarm.at < 230


def test_nothing_to_ask_and_a_metric_of_lists_are_refused():
    with pytest.raises(CannotSayError, match="nothing to ask"):
        stream_of(walkers().only(np.zeros(PEOPLE * STEPS, bool)), ReplayConfig())
    with pytest.raises(SettingsError, match="coverage@10"):
        replay(walkers(), lambda: Next([]), ReplayConfig(metrics=("coverage@10",)))
