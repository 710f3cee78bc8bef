"""What anyone may rely on from columns of contexts: read, checked, counted, written, and told to those who are asked."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from llm4rec.core import DataError, EventContexts
from llm4rec.data import Cleaning, check, clean, load, read_dataset, split
from llm4rec.data.augment import Crop, augment_dataset
from llm4rec.data.occasions import MOST
from llm4rec.data.writing import write_folder
from llm4rec.testing import by_device, in_a_row

EVENTS = (
    "user_id,item_id,timestamp,context_device,context_rainy,mood\n"
    "ann,t1,1000000300,phone,True,good\nbob,t2,1000000200,,false,\nann,t3,1000000100, tv ,,bad\n"
)


def folder(tmp_path, events=EVENTS, toml=None):
    (tmp_path / "interactions.csv").write_text(events)
    if toml is not None:
        (tmp_path / "dataset.toml").write_text(toml)
    return tmp_path


def frame(**columns):
    rows = len(next(iter(columns.values())))
    return pl.DataFrame({"user_id": range(rows), "item_id": range(rows)} | columns)


def told(data):
    return [data.interactions.context(row) for row in range(len(data.interactions))]


def notes(source, **given):
    return "\n".join(str(note) for note in check(source, **given).notes)


def test_columns_of_contexts_are_read_in_step_with_their_events(tmp_path):
    data = read_dataset(folder(tmp_path))
    assert told(data) == [{"device": "tv"}, {"device": "phone", "rainy": "true"}, {"rainy": "false"}]
    assert data.interactions.contexts.names == ("device", "rainy")


def test_the_check_counts_them_and_other_columns_are_noted_as_before(tmp_path):
    report = check(folder(tmp_path))
    assert report.counts["contexts"] == {
        "device": {"values": 2, "told": 2},
        "rainy": {"values": 2, "told": 2},
    }
    assert "contexts: device values 2, told 2, rainy values 2, told 2" in str(report)
    assert "column 'mood': was not used" in notes(tmp_path)
    assert "context_device" not in notes(tmp_path)


def test_without_such_columns_there_are_no_contexts(tmp_path):
    source = folder(tmp_path, "user_id,item_id\nann,t1\n")
    assert read_dataset(source).interactions.contexts is None
    assert "contexts" not in check(source).counts


def test_a_column_may_have_another_name_or_be_left_out(tmp_path):
    toml = '[columns]\ncontext_mood = "mood"\n\n[types]\ncontext_rainy = "ignore"\n'
    data = read_dataset(folder(tmp_path, toml=toml))
    assert told(data) == [{"device": "tv", "mood": "bad"}, {"device": "phone", "mood": "good"}, {}]


def test_typed_tables_say_the_same_as_text():
    typed = read_dataset(frame(context_a=[True, None], context_b=[1, 2], context_c=[3.0, float("nan")]))
    assert told(typed) == [{"a": "true", "b": "1", "c": "3"}, {"b": "2"}]


def test_an_empty_column_and_one_without_a_name_are_noted():
    source = frame(context_device=["", None], context_=["a", "b"])
    assert read_dataset(source).interactions.contexts is None
    assert "column 'context_device': is empty: left out" in notes(source)
    assert "column 'context_': was not used: a context has a name" in notes(source)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([0.5, 1.0], "column 'context_x': a context is a word or a whole number (value 0.5)"),
        ([["a"], ["b"]], "a context is a word, not List"),
        ([f"v{n}" for n in range(MOST + 1)], "has 1,001 different values, 1,000 at most. Group them"),
    ],
    ids=["fractions", "lists", "too many"],
)
def test_what_is_no_category_is_a_problem_with_a_remedy(values, problem):
    source = frame(context_x=values)
    with pytest.raises(DataError) as caught:
        read_dataset(source)
    assert problem in str(caught.value)
    assert len(caught.value.problems) == 1
    ignored = read_dataset(source, settings={"types": {"context_x": "ignore"}})
    assert ignored.interactions.contexts is None


def test_as_many_values_as_are_allowed_are_no_problem():
    assert read_dataset(frame(context_x=[f"v{n}" for n in range(MOST)])).interactions.contexts is not None


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_what_is_written_is_read_again(tmp_path, suffix):
    data = by_device(users=4)
    some = EventContexts.of({"device": [None, "tv"] * 10, "odd name é": [3, None] * 10})
    data = replace(data, interactions=replace(data.interactions, contexts=some))
    again = read_dataset(write_folder(data, tmp_path / "shop", suffix))
    assert told(again) == told(data)
    assert again.interactions.contexts.names == ("device", "odd name é")


def test_a_split_column_is_no_context(tmp_path):
    events = "user_id,item_id,context_part\nann,t1,train\nann,t2,test\n"
    loaded = load(folder(tmp_path, events, '[splits]\nofficial = "context_part"\n'))
    assert loaded.marks["context_part"].tolist() == ["train", "test"]
    assert loaded.dataset.interactions.contexts is None


def test_rows_that_differ_in_context_are_no_duplicates():
    source = frame(context_x=["a", "b", "b"]).with_columns(user_id=pl.lit(1), item_id=pl.lit(1))
    assert "[1 rows]" in notes(source.with_columns(timestamp=pl.lit(1e9)))
    data, _ = clean(
        read_dataset(source.with_columns(timestamp=pl.lit(1e9))), Cleaning(drop_duplicates="exact")
    )
    assert told(data) == [{"x": "a"}, {"x": "b"}]


@pytest.mark.parametrize("protocol", ["leave-last-out", "leave-one-out", "cold-users", "cold-items:random"])
def test_a_question_is_asked_in_the_context_of_its_answer(protocol):
    fold = split(by_device(), protocol).folds[0]
    views = [*fold.tests.values(), *([fold.validation] if fold.validation else [])]
    questions = [pair for view in views for pair in zip(view.requests, view.targets, strict=True)]
    if protocol == "cold-items:random":  # numbers have changed there, titles have not
        titles = [*fold.train.catalog.titles, *fold.newcomers.titles]
        questions = [(r, [int(titles[t[0]].removeprefix("stop "))]) for r, t in questions]
    assert len(questions) > 20
    for request, targets in questions:
        assert request.context == {"device": "desktop" if targets[0] % 2 else "phone"}


def test_rows_to_predict_are_asked_in_their_own_context():
    data = by_device()
    rated = replace(
        data.interactions, kind_names=("rating",), values=np.ones(len(data.interactions), np.float32)
    )
    pairs = split(replace(data, interactions=rated), "k-fold:2").folds[0].pairs
    assert [r.context["device"] == "desktop" for r in pairs.requests] == (pairs.items % 2 == 1).tolist()


def test_questions_of_data_without_contexts_have_none():
    fold = split(in_a_row(), "leave-last-out").folds[0]
    assert all(r.context == {} for r in fold.tests[""].requests)


def test_made_histories_keep_their_contexts():
    data = by_device()
    more, _ = augment_dataset(data, [Crop()], np.random.default_rng(0))
    assert len(more.interactions) > len(data.interactions)
    rows = more.interactions
    assert ((rows.contexts.column("device") == "desktop") == (rows.items % 2 == 1)).all()
