"""Groups of people and items: who is in which, what each gets, and the gap between them."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Column, ColumnType, SettingsError, Users
from llm4rec.evaluation import Options, evaluate, html, markdown
from llm4rec.evaluation.groups import MOST, by_items, gap, groups_of, side_of

from .worlds import FakeEngine, dataset, knows, last_out, random_rows


def category(values):
    return Column(ColumnType.CATEGORY, np.array(values, dtype=object))


def people(data, **columns):
    return replace(data, users=Users(data.users.ids, columns))


@pytest.fixture
def data():
    """Of 40 people the first 20 are "a", the next 19 "b", and the last does not say."""
    data = dataset(random_rows(people=40), 20)
    years = np.append(np.arange(39, dtype=float), np.nan)
    return people(
        data, kind=category(["a"] * 20 + ["b"] * 19 + [None]), years=Column(ColumnType.NUMBER, years)
    )


def measured(data, *by, rule=None, metrics=("ndcg@5",)):
    split = last_out(data)
    made = rule or knows(split)
    options = Options(metrics=list(metrics), resamples=200, by=by)
    return evaluate(data, split, ["x"], lambda n, s: FakeEngine(made), options).as_json()


def only_for_a(split):
    oracle = knows(split)
    return lambda request, items: oracle(request, items) if request.user < 20 else -oracle(request, items)


def test_a_model_that_serves_one_group_alone_is_found_out(data):
    content = measured(data, "kind", rule=only_for_a(last_out(data)))
    metrics = content["models"]["x"]["metrics"]
    assert metrics["kind=a/ndcg@5"]["mean"] == 1.0
    assert metrics["kind=b/ndcg@5"]["mean"] == 0.0
    assert metrics["ndcg@5"]["mean"] == pytest.approx(0.5)
    found = content["models"]["x"]["gaps"]["kind/ndcg@5"]
    assert (found["best"], found["worst"]) == ("a", "b")


def test_groups_share_out_all_questions(data):
    metrics = measured(data, "years", "kind", "activity")["models"]["x"]["metrics"]
    years = [name for name in metrics if name.startswith("years=")]
    assert years == [
        f"years={n}/ndcg@5" for n in ("1: 0..9", "2: 10..18", "3: 19..28", "4: 29..38", "not told")
    ]
    assert "kind=not told/ndcg@5" in metrics


def test_exposure_of_groups_adds_up_and_parity_is_one_in_proportion():
    data = dataset([[0, 1], [0, 2], [1, 3], [0, 1]], 4)
    groups = groups_of("colour", data, data.catalog)
    lists = np.array([[0, 1], [2, 3]])
    found = by_items(groups, lists, np.array([0, 1]), data.counts, "exposure")
    assert sorted(found) == ["colour=blue/exposure@2", "colour=red/exposure@2"]
    first = 1.0 / (1.0 + 1.0 / np.log2(3))
    np.testing.assert_allclose(found["colour=blue/exposure@2"].values, [first, first])
    np.testing.assert_allclose(found["colour=red/exposure@2"].values, [1 - first, 1 - first])
    # 4 of 8 events are on blue things (even numbers): exposure over merit is twice the share.
    even = by_items(groups, lists, np.array([0, 1]), data.counts, "parity")
    np.testing.assert_allclose(even["colour=blue/parity@2"].values, [2 * first, 2 * first])


def test_items_are_grouped_by_exposure_without_asking(data):
    metrics = measured(data, "colour", "popularity")["models"]["x"]["metrics"]
    assert {"colour=blue/exposure@10", "colour=red/parity@10", "popularity=1: head/exposure@10"} <= set(
        metrics
    )
    shares = [metrics[f"colour={c}/exposure@10"]["mean"] for c in ("blue", "red")]
    assert sum(shares) == pytest.approx(1.0)


def test_an_attribute_of_both_is_named_with_its_side():
    data = people(dataset(random_rows(), 20), colour=category(["x"] * 30))
    with pytest.raises(SettingsError, match=r"users\.colour or items\.colour"):
        side_of("colour", data)
    assert side_of("users.colour", data) == ("users", "colour")
    assert side_of("items.colour", data) == ("items", "colour")


@pytest.mark.parametrize("name", ["nothing", "users.nothing", "", "kind\x00", "k" * 100_000])
def test_what_is_no_attribute_is_refused_with_what_there_is(data, name):
    with pytest.raises(SettingsError, match="no attribute"):
        side_of(name, data)


def test_a_text_is_no_group(data):
    text = Column(ColumnType.TEXT, np.array(["long"] * 40, dtype=object))
    with pytest.raises(SettingsError, match="is text"):
        side_of("story", people(data, story=text))


def test_group_metrics_need_a_group(data):
    with pytest.raises(SettingsError, match="needs an attribute of items"):
        measured(data, "kind", metrics=("ndcg@5", "exposure@5"))


def test_rare_values_are_one_group_and_a_slash_is_no_view():
    values = [f"v{n}" for n in range(MOST + 5) for _ in range(2)] + ["a/b"] * 3
    data = people(dataset(random_rows(people=len(values)), 20), kind=category(values))
    labels = groups_of("kind", data, data.catalog).labels
    assert len(labels) == MOST + 1
    assert labels[-1] == "others"
    assert "a∕b" in labels


def test_a_gap_within_chance_reaches_down_to_nothing():
    wide = {"mean": 0.3, "low": 0.1, "high": 0.5}
    near = {"mean": 0.25, "low": 0.05, "high": 0.45}
    found = gap({"a": wide, "b": near})
    assert found["low"] == 0.0
    assert found["mean"] == pytest.approx(0.05 / 0.275)
    assert gap({"a": wide})["mean"] is None


def test_reports_show_groups_beside_the_models(data):
    content = measured(data, "kind", "colour", rule=only_for_a(last_out(data)))
    text, page = markdown(content), html(content)
    assert "Groups `ndcg@5 by kind`" in text
    assert "| gap | 2.0000" in text
    assert "Groups `parity@10 by colour`" in text
    assert "View `kind=a`" not in text
    assert "<caption>Groups ndcg@5 by kind</caption>" in page
    assert "ndcg@5 by kind</figcaption>" in page
