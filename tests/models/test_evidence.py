"""Features of candidates, against what they mean."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Request
from llm4rec.models.evidence import Evidence, _moment
from llm4rec.models.slates import Slates
from llm4rec.testing import asking, context, shelf

HOUR, DAY = 3600.0, 86_400.0
SATURDAY = 1_700_265_600.0  # 18 November 2023, midnight


def read(data, requests, time_aware=False):
    evidence = Evidence.read(data, context(data), time_aware)
    scored = {"one": np.tile(np.arange(len(data.catalog), dtype=np.float32), (len(requests), 1))}
    slates = Slates.proposed(scored, requests, depth=len(data.catalog))
    columns = evidence.features(slates, scored, requests).T
    return slates, dict(zip(evidence.names(list(scored)), columns, strict=True))


def at(times):
    """The shelf with times of our own, one a reader's event."""
    data = shelf()
    moved = replace(data.interactions, timestamps=np.asarray(times, dtype=np.float64))
    return replace(data, interactions=moved.sorted())


def test_texts_are_compared_with_the_latest_and_with_the_closest_event():
    slates, told = read(shelf(), [asking(0, 2)])
    assert slates.items.tolist() == [1, 3]
    robots_peace, roses = 0, 1
    assert told["text, latest"][roses] > told["text, latest"][robots_peace]
    assert told["text, closest"][robots_peace] > told["text, latest"][robots_peace]


@pytest.mark.parametrize("waste", [0, 1_000], ids=["each", "all"])
def test_features_are_the_same_whichever_way_candidates_are_compared(waste, monkeypatch):
    monkeypatch.setattr("llm4rec.models.looked.WASTE", waste)
    requests = [asking(0, 2, 3), asking(), asking(1), asking(3, 1)]
    slates, told = read(shelf(), requests)
    for row, request in enumerate(requests):
        own = slice(slates.bounds[row], slates.bounds[row + 1])
        _, alone = read(shelf(), [request])
        for name, column in alone.items():
            np.testing.assert_allclose(told[name][own], column, atol=1e-6, err_msg=name)


def test_only_features_that_are_wanted_are_made():
    data = shelf()
    evidence = Evidence.read(data, context(data), False)
    scored = {"one": np.arange(len(data.catalog), dtype=np.float32)[None, :]}
    slates = Slates.proposed(scored, [asking(0)], depth=4)
    every = evidence.features(slates, scored, [asking(0)])
    some = evidence.features(slates, scored, [asking(0)], wanted=[0, 3])
    np.testing.assert_array_equal(some[:, [0, 3]], every[:, [0, 3]])
    assert not np.delete(some, [0, 3], axis=1).any()


def test_an_order_is_no_clock():
    _, told = read(shelf(), [asking(0)])
    assert not [name for name in told if "days" in name or name == "age"]
    assert told["popularity"] == pytest.approx(np.log1p([2, 2, 2]))


def test_popularity_by_window_and_age_count_from_the_newest_event():
    slates, told = read(at(SATURDAY + np.array([0, 1, 2, 3, 29.5, 30, 31, 32.0]) * DAY), [asking()])
    assert slates.items.tolist() == [0, 1, 2, 3]
    assert told["popularity, 7 days"] == pytest.approx(np.log1p([0, 0, 2, 2]))
    assert told["age"] == pytest.approx(np.log1p([32, 31, 2.5, 2]))


def test_when_it_is_asked_is_a_feature_only_where_that_is_allowed():
    data = at(SATURDAY + np.array([1, 2, 25, 26, 13, 14, 37, 38.0]) * HOUR)
    night = Request(asking(0).history, time=SATURDAY + 7 * DAY + 3 * HOUR)
    _, blind = read(data, [night])
    assert "habit of the moment" not in blind
    slates, told = read(data, [Request(night.history, time=night.time, seen="include")], time_aware=True)
    at_night, in_the_afternoon = told["habit of the moment"][:2], told["habit of the moment"][2:]
    assert slates.items.tolist() == [0, 1, 2, 3]
    assert at_night.min() > 0 > in_the_afternoon.max()


def test_without_a_time_what_looks_at_the_clock_is_missing():
    data = at(SATURDAY + np.arange(8.0) * HOUR)
    _, told = read(data, [asking(0)], time_aware=True)
    assert np.isnan(told["habit of the moment"]).all()
    assert np.isnan(told["time since the last event"]).all()


def test_moments_are_parts_of_the_day_and_weekends():
    monday = SATURDAY + 2 * DAY
    assert _moment(np.array([SATURDAY, SATURDAY + DAY + 12 * HOUR, monday, monday + 23 * HOUR])).tolist() == [
        4,
        6,
        0,
        3,
    ]


def test_state_and_back():
    data = at(SATURDAY + np.arange(8.0) * HOUR)
    evidence = Evidence.read(data, context(data), True)
    back = Evidence.from_state(evidence.state())
    assert back.time_aware
    assert back.names(["one"]) == evidence.names(["one"])
