"""Each task's examples are what the data say, and the division keeps equal texts on one side."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from llm4rec.core import Catalog, Column, ColumnType, DataError, Dataset, Interactions, Users, Vocabulary
from llm4rec.encoders.adapting import TASKS, AdaptConfig, together
from llm4rec.encoders.adapting.division import held_out
from llm4rec.encoders.adapting.examples import joined
from llm4rec.encoders.adapting.neighbours import aimed
from llm4rec.encoders.adapting.reading import examples_of
from llm4rec.encoders.adapting.specs import spec_of

from .conftest import column, shop

TITLES = ["hammer", "saw", "nails", "rose", "tulip", "lily"]
TOOLS, FLOWERS = {"hammer", "saw", "nails"}, {"rose", "tulip", "lily"}


def data(rows, titles=TITLES, tags=None, **columns):
    """Rows of items by user; columns of interactions by name."""
    users = [user for user, items in enumerate(rows) for _ in items]
    items = [item for row in rows for item in row]
    made = {"title": column(ColumnType.TEXT, titles)} if titles else {}
    if tags:
        made["categories"] = column(ColumnType.TAGS, [(tag,) if tag else () for tag in tags])
    size = len(titles) if titles else max(items) + 1
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(size)]), made)
    events = Interactions.of(users, items, **columns)
    return Dataset(events, catalog, Users(Vocabulary([f"u{n}" for n in range(len(rows))])))


def examples(task, dataset, **given):
    return examples_of(dataset, AdaptConfig(tasks=(task,), validation=0.3, **given))[task]


def pairs_of(found):
    return [{found.texts[a], found.texts[b]} for a, b in zip(found.left[:, 0], found.right, strict=True)]


def two_tastes():
    return data([[0, 1, 2], [1, 2, 0], [2, 0, 1], [3, 4, 5], [4, 5, 3], [5, 3, 4]] * 3)


def test_items_taken_by_the_same_people_are_pairs():
    found = pairs_of(examples("co-consumption", two_tastes()))
    assert all(pair <= TOOLS or pair <= FLOWERS for pair in found)
    assert len(found) == 6, "each pair of a subject once"


def test_what_everybody_takes_weighs_little():
    # Everybody ends with item 0; items 1 and 2 come together as often, but with nothing else.
    shelf = data([[1, 2, 0], [2, 1, 0], [3, 4, 0], [4, 3, 0]] * 5, TITLES[:5])
    left, right, weights = together.uncommon(together.counted(shelf, np.arange(5), 5, window=5))
    told = dict(zip(zip(left.tolist(), right.tolist(), strict=True), weights, strict=True))
    assert told[1, 2] > 2 * told[0, 1]
    assert told[3, 4] > 2 * told[0, 4]
    assert (1, 3) not in told


def test_weighty_pairs_are_drawn_more_often():
    weights = np.array([9.0, 1.0, 1.0])
    draws = [together._drawn(weights, 1, np.random.default_rng(seed))[0] for seed in range(200)]
    assert 0.7 < draws.count(0) / 200 < 0.92


def test_only_near_items_are_together():
    row = [[0, 1, 2, 3, 4, 5]] * 4
    found = pairs_of(examples("co-consumption", data(row), window=1, hard_negatives=0))
    assert {"hammer", "saw"} in found
    assert {"hammer", "lily"} not in found


def test_a_hard_negative_shares_a_category_and_was_never_taken_together():
    rows = [[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4]] * 3
    shelf = data(rows, tags=["a", "a", "a", "a", "b", "b"])
    found = examples("co-consumption", shelf, hard_negatives=2)
    for left, hard in zip(found.left[:, 0], found.hard, strict=True):
        others = {"hammer": {"nails", "rose"}, "saw": {"nails", "rose"}}.get(found.texts[left])
        for number in hard[hard >= 0]:
            assert others is None or found.texts[number] in others
            assert not found.belong(np.array([left]), np.array([number]))[0, 0]
    told = [found.texts[n] for n in found.left[:, 0]]
    assert (found.hard[[text in FLOWERS - {"rose"} for text in told]] == -1).all(), (
        "the shelf has no stranger"
    )
    assert (found.hard[:, 0] >= 0).any()


def test_without_categories_it_is_said_that_there_are_no_hard_negatives():
    found = examples("co-consumption", two_tastes())
    assert found.hard is None
    assert "no hard negatives" in found.notes[0]


def test_pairs_to_learn_from_have_no_held_out_item():
    found = examples("co-consumption", shop())
    outside = set(found.left[found.held, 0])
    learnt = ~found.held
    assert learnt.any()
    assert found.held.any()
    assert not outside & (set(found.left[learnt, 0]) | set(found.right[learnt]))
    hard = found.hard[learnt]
    assert not outside & set(hard[hard >= 0])


def test_around_a_text_stands_what_is_taken_with_it():
    found = examples("neighbours", two_tastes())
    near = found.near.toarray()
    for text, row in zip(found.texts, near, strict=True):
        shelf = TOOLS if text in TOOLS else FLOWERS
        assert {found.texts[n] for n in np.flatnonzero(row)} <= shelf - {text}
    np.testing.assert_allclose(near.sum(axis=1)[near.any(axis=1)], 1, rtol=1e-6)


def test_nothing_learnt_from_has_a_held_out_text_around_it():
    found = examples("neighbours", shop())
    learnt, asked = found.rows(held=False), found.rows(held=True)
    outside = sorted(set(range(len(found.texts))) - set(found.left[learnt, 0].tolist()))
    assert outside
    assert len(asked)
    assert set(found.left[asked, 0]) <= set(outside)
    assert not found.near[:, outside].nnz
    assert found.belong(found.left[asked, 0], found.right[asked]).diagonal().all(), "neighbours are asked for"
    assert not set(found.right[asked]) & set(outside)


def test_of_a_large_catalog_what_is_taken_most_stays():
    rows = [[0, 1], [1, 0]] * 5 + [[2, 3], [3, 2]] * 4 + [[4, 5]]
    found = examples("neighbours", data(rows), most_examples=4)
    assert found.texts == ("hammer", "saw", "nails", "rose")
    assert found.near.shape == (4, 4)


def test_a_text_is_aimed_at_between_itself_and_its_neighbours():
    found = examples("neighbours", two_tastes())
    lonely = replace(found, near=sparse.csr_matrix(found.near.shape, dtype=np.float32))
    vectors = np.random.default_rng(0).normal(size=(len(found.texts), 4)).astype(np.float32)
    rows = found.left[:, 0]

    def aims(of, smoothing):
        whitening, made = aimed(of, vectors, AdaptConfig(smoothing=smoothing, directions=3))
        return whitening.transform(vectors), made.targets

    own, targets = aims(found, 0.0)
    np.testing.assert_allclose(targets, own[rows], atol=1e-6)
    around = found.near @ own
    has = np.linalg.norm(around, axis=1) > 0
    _, targets = aims(found, 1.0)
    np.testing.assert_allclose(
        targets[has[rows]],
        (around / np.linalg.norm(around, axis=1, keepdims=True))[rows[has[rows]]],
        atol=1e-5,
    )
    own, targets = aims(lonely, 0.7)
    np.testing.assert_allclose(targets, own[rows], atol=1e-6, err_msg="who has nobody around stays")


def test_old_texts_stand_around_old_ones_alone():
    new, old = examples("neighbours", shop(seed=1)), examples("neighbours", shop(seed=2))
    near, size = joined(new, old).near.toarray(), len(new.texts)
    np.testing.assert_array_equal(near[:size, :size], new.near.toarray())
    np.testing.assert_array_equal(near[size:, size:], old.near.toarray())
    assert not near[:size, size:].any()
    assert not near[size:, :size].any()


def test_next_item_follows_its_history():
    found = examples("next-item", data([[0, 1, 2, 3], [4, 5]]), history=2)
    told = {
        (tuple(found.texts[n] for n in left if n >= 0), found.texts[right])
        for left, right in zip(found.left, found.right, strict=True)
    }
    assert told == {
        (("hammer",), "saw"),
        (("hammer", "saw"), "nails"),
        (("saw", "nails"), "rose"),
        (("tulip",), "lily"),
    }


def test_people_do_not_straddle():
    found = examples("next-item", data([[0, 1, 2], [3, 4, 5]]))
    sides = [{found.texts[n] for n in found.right[part]} for part in (found.held, ~found.held)]
    assert {"nails", "saw"} in sides
    assert {"tulip", "lily"} in sides


def test_clicks_come_from_what_was_shown():
    kinds, values = [1, 0, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0]
    shown = data([[0, 1, 2], [3, 4, 5]], kinds=kinds, values=values, kind_names=("impression", "click"))
    found = examples("click", shown)
    told = {found.texts[n]: target for n, target in zip(found.right, found.targets, strict=True)}
    assert told == {"hammer": 1, "saw": 0, "nails": 0, "rose": 1, "tulip": 0, "lily": 0}


def test_what_was_clicked_in_a_list_is_not_told_by_the_list_itself():
    times = [5.0, 5.0, 5.0, 9.0, 1.0, 2.0]
    kinds = [1, 0, 0, 0, 1, 0]
    shown = data(
        [[0, 1, 2, 3], [4, 5]],
        kinds=kinds,
        values=kinds,
        timestamps=times,
        kind_names=("impression", "click"),
    )
    found = examples("click", shown)
    left = {
        found.texts[r]: [found.texts[n] for n in row if n >= 0]
        for r, row in zip(found.right, found.left, strict=True)
    }
    assert left["saw"] == left["nails"] == []
    assert left["rose"] == ["hammer"]


def test_without_refusals_strangers_are_drawn():
    dataset = two_tastes()
    found = examples("click", dataset)
    assert found.targets.mean() == 0.5
    assert "negatives are drawn" in found.notes[0]
    for left, right, target in zip(found.left, found.right, found.targets, strict=True):
        taken = {found.texts[n] for n in left if n >= 0}
        if taken and target == 0:
            assert (found.texts[right] in TOOLS) != (taken <= TOOLS)


REVIEWS = ["Good  tool", "bad", "so so", "good tool", "fine", "awful"]


def reviewed(values=(5, 1, 3, 5, 4, 2)):
    return data(
        [[0, 1, 2], [3, 4, 5]], values=values, kind_names=("rating",), texts=np.array(REVIEWS, object)
    )


def test_sentiment_is_what_the_value_says():
    found = examples("sentiment", reviewed())
    told = {
        found.texts[n]: found.labels[row.argmax()]
        for n, row in zip(found.left[:, 0], found.targets, strict=True)
    }
    assert told == {
        "Good  tool": "positive",
        "good tool": "positive",
        "fine": "positive",
        "bad": "negative",
        "awful": "negative",
        "so so": "neutral",
    }
    assert found.labels == ("negative", "neutral", "positive")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("task", ["sentiment", "rating", "masked"])
def test_a_repeated_review_never_straddles(task, seed):
    found = examples(task, reviewed(), seed=seed)
    part = dict(zip((found.texts[n] for n in found.left[:, 0]), found.held, strict=True))
    assert part["Good  tool"] == part["good tool"]
    assert 0 < found.held.sum() < len(found)


def test_a_text_is_on_the_same_side_in_every_task():
    sides = [
        {f.texts[n]: held for n, held in zip(f.left[:, 0], f.held, strict=True)}
        for f in (examples(task, shop()) for task in ("sentiment", "rating", "masked"))
    ]
    for text, held in sides[0].items():
        assert sides[1][text] == sides[2][text] == held


def test_rating_reads_reviews_where_there_are_any_and_histories_where_not():
    said = examples("rating", reviewed())
    assert said.right is None
    assert dict(zip((said.texts[n] for n in said.left[:, 0]), said.targets, strict=True))["awful"] == 2
    silent = examples("rating", data([[0, 1], [2, 3]], values=[5, 1, 4, 2], kind_names=("rating",)))
    told = {silent.texts[n]: target for n, target in zip(silent.right, silent.targets, strict=True)}
    assert told == {"hammer": 5, "saw": 1, "nails": 4, "rose": 2}
    assert [silent.texts[n] for n in silent.left[1] if n >= 0] == ["hammer"]


def test_a_named_column_holds_the_sentiment():
    titles = [f"text {n}" for n in range(8)]
    dataset = data([[0, 1]], titles)
    label = column(ColumnType.CATEGORY, ["positive", "negative"] * 4)
    catalog = Catalog(dataset.catalog.ids, {**dataset.catalog.columns, "mood": label})
    found = examples("sentiment", Dataset(dataset.interactions, catalog, dataset.users), label_column="mood")
    assert found.labels == ("negative", "positive")
    assert found.texts[0] == "text 0"
    assert found.targets[0].tolist() == [0, 1]


def test_a_category_is_not_told_by_the_text():
    tags = ["tools", "tools", "tools", "plants", "plants", "plants"] * 2
    found = examples("category", data([[0, 1]], [f"thing {n}" for n in range(12)], tags))
    assert found.labels == ("plants", "tools")
    assert not any("tools" in text or "plants" in text for text in found.texts)
    assert found.targets[0].tolist() == [0, 1]


def test_several_tags_share_and_rare_ones_are_left_out_and_said():
    titles = [f"thing {n}" for n in range(10)]
    dataset = data([[0, 1]], titles)
    tags = [("a", "b")] * 5 + [("b",)] * 4 + [("rare",)]
    catalog = Catalog(
        dataset.catalog.ids, {**dataset.catalog.columns, "categories": column(ColumnType.TAGS, tags)}
    )
    found = examples("category", Dataset(dataset.interactions, catalog, dataset.users))
    assert found.labels == ("a", "b")
    assert found.targets[0].tolist() == [0.5, 0.5]
    assert len(found) == 9
    assert "rare" in found.notes[0]


def test_masked_reads_every_text_once():
    found = examples("masked", reviewed())
    assert sorted(found.texts) == sorted({*TITLES, *REVIEWS})
    assert len(found) == len(found.texts)


@pytest.mark.parametrize(
    ("task", "dataset", "remedy"),
    [
        ("co-consumption", data([[0], [1]]), "several items"),
        ("neighbours", data([[0], [1]]), "several items"),
        ("neighbours", data([[0, 1], [2]], titles=None), "items with a title"),
        ("next-item", data([[0], [1]]), "longer histories"),
        ("click", data([[0], [1]], values=[0, 0]), "clicks or purchases"),
        ("rating", data([[0, 1], [2]]), "Bring ratings"),
        ("sentiment", data([[0, 1], [2]]), "text and a value"),
        ("sentiment", reviewed([3] * 6), "all values are equal"),
        ("category", data([[0, 1], [2]]), "no column 'categories'"),
        ("category", data([[0, 1], [2]], tags=[None] * 6), "Fill the column"),
        ("masked", data([[0, 1], [2]], titles=None), "titles or reviews"),
    ],
)
def test_a_task_without_examples_is_named_with_the_remedy(task, dataset, remedy):
    with pytest.raises(DataError, match=rf"(?s)task '{task}'.*{remedy}"):
        examples(task, dataset)


def test_a_missing_label_column_is_named_with_the_nearest():
    with pytest.raises(DataError, match=r"no column 'categorys'; did you mean 'categories'"):
        examples("category", shop(), category_column="categorys")
    with pytest.raises(DataError, match=r"column 'title' of items is text"):
        examples("sentiment", shop(), label_column="title")


def test_what_is_missing_in_replayed_data_is_named():
    config = AdaptConfig(tasks=("sentiment",), validation=0.3)
    with pytest.raises(DataError, match=r"in the data to replay: task 'sentiment'"):
        examples_of(reviewed(), config, old=data([[0, 1]]))
    ratings = data([[0, 1], [2, 3]], values=[5, 1, 4, 2], kind_names=("rating",))
    with pytest.raises(DataError, match="histories in the other"):
        examples_of(reviewed(), AdaptConfig(tasks=("rating",), validation=0.3), old=ratings)


def test_rare_labels_are_weighed_up_as_far_as_asked():
    found = examples("sentiment", reviewed((5, 5, 5, 5, 1, 1)))
    share = found.targets[~found.held].mean(axis=0)
    for even in (0.0, 0.5, 1.0):
        told = spec_of(found, AdaptConfig(even=even)).label_weights
        np.testing.assert_allclose(np.array(told) * share**even, told[0] * share[0] ** even)
        assert np.array(told) @ share == pytest.approx(1)


@pytest.mark.parametrize("task", TASKS)
def test_the_same_data_and_seed_give_the_same_examples(task):
    first, again = examples(task, shop(), seed=3), examples(task, shop(), seed=3)
    for name in ("left", "right", "hard", "targets", "held"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


def test_held_out_has_both_sides_always_and_grows_with_the_share():
    groups = [f"g{n}" for n in range(200)]
    small, large = (held_out(groups, share, 0, "masked") for share in (0.1, 0.4))
    assert 0.03 < small.mean() < 0.2 < large.mean() < 0.6
    assert not (small & ~large).any(), "a larger share keeps what a smaller one held out"
    for seed in range(20):
        assert held_out(["a", "b"], 0.01, seed, "masked").sum() == 1
        assert held_out(["a", "b"], 0.99, seed, "masked").sum() == 1
    with pytest.raises(DataError, match="needs two"):
        held_out(["a", "a"], 0.5, 0, "masked")


def test_old_examples_stand_behind_the_new_ones_with_their_own_texts():
    new, old = examples("co-consumption", shop(seed=1)), examples("co-consumption", shop(seed=2))
    both = joined(new, old)
    assert len(both) == len(new) + len(old)
    source = pairs_of(new) + pairs_of(old)
    assert pairs_of(both) == source
    assert both.rows(held=False, old=True).tolist() == [len(new) + n for n in np.flatnonzero(~old.held)]
    left, right = old.left[:5, 0] + len(new.texts), old.right[:5] + len(new.texts)
    assert both.belong(left, right).diagonal().all()


def test_labels_of_old_and_new_are_matched_by_name():
    new = examples("sentiment", reviewed())
    old = examples("sentiment", reviewed((5, 1, 1, 5, 5, 1)))
    both = joined(new, old)
    assert set(both.labels) == {"negative", "neutral", "positive"}
    for row, label in ((0, "positive"), (1, "negative"), (2, "neutral"), (6, "positive"), (8, "negative")):
        assert both.labels[both.targets[row].argmax()] == label


def test_what_is_not_a_setting_is_refused():
    for wrong in (
        {"method": "last:0"},
        {"method": "lorra"},
        {"tasks": ("masked", "masked")},
        {"weights": {"click": 2.0}},
        {"tasks": ()},
        {"validation": 1.0},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            AdaptConfig(**wrong)


def test_a_column_of_numbers_is_no_label():
    dataset = data([[0, 1]])
    catalog = Catalog(
        dataset.catalog.ids, {**dataset.catalog.columns, "n": Column(ColumnType.NUMBER, np.ones(6))}
    )
    with pytest.raises(DataError, match="is number, not categories or tags"):
        examples("category", Dataset(dataset.interactions, catalog, dataset.users), category_column="n")
