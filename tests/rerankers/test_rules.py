"""Rules of the house: each alone, together, and what gives way where not all can be kept."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import DAY, History, Request, SettingsError
from llm4rec.rerankers.rules import Rules
from llm4rec.rerankers.rules_config import RulesConfig

from .test_order import A, B, C, asked, best, shop

FALLING = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


def apply(context, requests=None, scores=FALLING, **rules):
    return Rules(RulesConfig.of(rules)).rerank(requests or asked(), best(*scores), context)


def test_without_rules_nothing_moves():
    found = apply(shop(A, A, A, B, B, C))
    assert found.items[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert found.notes == ()


def test_at_most_so_many_of_each_value():
    found = apply(shop(A, A, A, B, B, C, n=4), asked(n=4), quotas=[{"field": "categories", "at_most": 2}])
    assert found.items[0].tolist() == [0, 1, 3, 4, 2, 5]
    assert found.notes == ()


def test_at_least_so_many_of_one_value_come_as_late_as_they_may():
    rule = {"field": "categories", "value": "c", "at_least": 1}
    assert apply(shop(A, A, A, B, B, C, n=3), asked(n=3), quotas=[rule]).items[0].tolist() == [
        0,
        1,
        5,
        2,
        3,
        4,
    ]


def test_quotas_of_one_value_leave_the_others_alone():
    rule = {"field": "categories", "value": "a", "at_most": 1}
    assert apply(shop(A, A, A, B, B, C, n=3), asked(n=3), quotas=[rule]).items[0][:3].tolist() == [0, 3, 4]


def test_items_of_one_value_stand_apart():
    found = apply(shop(A, A, B, B, C, C), spacing=[{"field": "categories", "places": 3}])
    assert found.items[0].tolist() == [0, 2, 4, 1, 3, 5]


def test_a_pin_stands_at_its_place_and_invents_nothing():
    pins = [{"item": "i4", "place": 2}, {"item": "nobody", "place": 1}]
    found = apply(shop(A, A, A, B, B, C), pins=pins)
    assert found.items[0].tolist() == [0, 4, 1, 2, 3, 5]
    assert "'nobody' is not among the candidates" in found.notes[0][0]


def test_a_pin_may_hold_an_item_back():
    assert apply(shop(A, A, A, B, B, C), pins=[{"item": "i0", "place": 3}]).items[0].tolist() == [
        1,
        2,
        0,
        3,
        4,
        5,
    ]


def test_a_boost_is_worth_so_much_relevance():
    boost = {"field": "categories", "value": "b", "by": 0.5}
    assert apply(shop(A, A, A, B, B, C), boosts=[boost]).items[0].tolist() == [0, 3, 1, 4, 2, 5]
    down = {"field": "categories", "value": "a", "by": -1.0}
    assert apply(shop(A, A, A, B, B, C), boosts=[down]).items[0].tolist() == [3, 4, 0, 5, 1, 2]


def shown(*events):
    return History.of([item for item, _ in events], [day * DAY for _, day in events])


def test_what_was_shown_too_often_or_lately_goes_back():
    context = replace(shop(A, A, A, B, B, C), shown=[shown((0, 8), (0, 9), (1, 1), (1, 9.9))])
    now = [Request(History.of([]), time=10 * DAY)]
    assert apply(context, now, cap=2).items[0].tolist() == [1, 2, 3, 4, 5, 0]
    assert apply(context, now, cap=2, cap_days=1.5).items[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert apply(context, now, cooldown_hours=12).items[0].tolist() == [0, 2, 3, 4, 5, 1]


def test_rules_give_way_in_the_order_that_is_stated():
    context = shop(A, A, A, B, n=3)
    both = {"quotas": [{"field": "categories", "at_most": 1}], "spacing": [{"field": "categories"}]}
    found = apply(context, asked(n=3), scores=FALLING[:4], **both)
    assert found.items[0].tolist() == [0, 3, 1, 2], "the third place breaks the quota whatever it holds"
    assert found.notes == (("rules: quota could not be kept for the whole list",),)
    least = {"field": "categories", "value": "b", "at_least": 1}
    tired = replace(context, shown=[shown((3, 9.9))])
    now = [Request(History.of([]), n=2, time=10 * DAY)]
    kept = apply(tired, now, scores=FALLING[:4], quotas=[least], cooldown_hours=12)
    assert kept.items[0][:2].tolist() == [0, 3], "a cool-down gives way before a quota"
    turned = apply(
        tired, now, scores=FALLING[:4], quotas=[least], cooldown_hours=12, relaxed=["at least", "cool-down"]
    )
    assert turned.items[0][:2].tolist() == [0, 1]
    assert "at least" in turned.notes[0][0]


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"quotas": [{"field": "colour", "at_most": 1}]}, "no category or tags named 'colour'"),
        ({"boosts": [{"field": "categories", "value": "aa"}]}, "did you mean 'categories=a'"),
        ({"quotas": [{"field": "categories"}]}, "at_most"),
        ({"quotas": [{"field": "categories", "at_least": 1}]}, "needs a value"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules, reason):
    with pytest.raises(SettingsError, match=reason):
        apply(shop(A, A, A, B, B, C), **rules)


def test_many_requests_are_ruled_apart():
    context = shop(A, A, A, B, B, C, n=3)
    candidates = best(*FALLING)
    two = type(candidates)(
        np.array([[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]]), np.tile(candidates.scores, (2, 1))
    )
    rules = Rules(RulesConfig.of({"quotas": [{"field": "categories", "at_most": 1}]}))
    found = rules.rerank([Request(History.of([]), n=3)] * 2, two, context)
    assert found.items[:, :3].tolist() == [[0, 3, 5], [5, 4, 2]]
