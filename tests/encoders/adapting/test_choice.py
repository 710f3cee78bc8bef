"""Which state of a training is kept where several tasks share it: no task is given up for being small."""

import pytest

from llm4rec.encoders.adapting import AdaptConfig
from llm4rec.encoders.adapting.loop_net import together

BOTH = AdaptConfig(tasks=("sentiment", "masked"), method="head")


def test_a_tenth_of_a_small_figure_is_worth_a_tenth_of_a_large_one():
    """The mean would keep the first, which is 4 % behind in hidden words for 1 % of sentiment."""
    first, second = {"sentiment": 0.693, "masked": 0.173}, {"sentiment": 0.687, "masked": 0.179}
    assert sum(first.values()) == pytest.approx(sum(second.values()))
    assert together(first, BOTH) < together(second, BOTH)
    assert together({"sentiment": 0.5, "masked": 0.2}, BOTH) == pytest.approx(0.1**0.5)


def test_weights_say_what_a_task_counts():
    heavy = BOTH.model_copy(update={"weights": {"sentiment": 3.0}})
    assert together({"sentiment": 0.5, "masked": 0.2}, heavy) == pytest.approx((0.5**3 * 0.2) ** 0.25)


def test_a_task_that_fails_does_not_hide_the_others():
    config = AdaptConfig(tasks=("rating", "masked"), method="head")
    failed = {"rating": -3.0, "masked": 0.2}
    assert together(failed, config) == together({"rating": 0.0, "masked": 0.2}, config) > 0
    assert together(failed, config) > together({"rating": -1.0, "masked": 0.1}, config)
    assert together({"rating": -3.0}, config) == -3.0, "of one task it is the figure"
