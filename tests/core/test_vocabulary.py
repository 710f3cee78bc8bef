"""What anyone may rely on from the translation between outside ids and inside numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm4rec.core import NotFoundError, Vocabulary

TEXTS = st.lists(st.text(max_size=8), unique=True, max_size=30)
WHOLE = st.lists(st.integers(min_value=-(2**62), max_value=2**62), unique=True, max_size=30)


@given(TEXTS | WHOLE)
def test_every_id_comes_back_as_it_was_given(ids):
    vocabulary = Vocabulary(ids)
    back = vocabulary.names(vocabulary.numbers(ids))
    assert back == ids
    assert [type(name) for name in back] == [type(name) for name in ids]


@given(WHOLE.filter(len))
def test_decimal_text_finds_whole_numbers(ids):
    vocabulary = Vocabulary(ids)
    assert [vocabulary.number(str(name)) for name in ids] == list(range(len(ids)))


@given(st.text(max_size=6))
def test_any_text_may_be_asked_of_whole_numbers(text):
    number = Vocabulary([7, 8]).number(text)
    assert number in (-1, 0, 1)
    assert number < 0 or int(text) == 7 + number


@pytest.mark.parametrize("text", ["--7", "²", "7.0", "", "-", "seven", "9" * 5000])
def test_what_is_no_decimal_number_is_not_found(text):
    assert Vocabulary([7, 2]).number(text) == -1


def test_a_whole_number_finds_its_text():
    assert Vocabulary(["196", "7"]).number(7) == 1


@pytest.mark.parametrize("name", [True, None, 7.0, ("7",)])
def test_other_types_are_not_ids(name):
    assert Vocabulary([1, 7]).number(name) == -1


@given(
    st.one_of(WHOLE, st.lists(st.text(max_size=3), unique=True)),
    st.lists(st.one_of(st.integers(-3, 9), st.text(max_size=3))),
)
def test_many_are_found_as_each_alone(ids, asked):
    vocabulary = Vocabulary(ids)
    names = [*ids, *asked, True, 7.0, None, ("7",), ["7"], np.int64(7), np.str_("7"), " 7"]
    alone = [vocabulary.number(name) for name in names]
    assert vocabulary.found(names).tolist() == alone
    assert vocabulary.known(names).tolist() == [number for number in alone if number >= 0]


def test_numbers_of_numpy_are_plain_ids():
    vocabulary = Vocabulary(np.array([5, 6]))
    assert vocabulary.ids == (5, 6)
    assert type(vocabulary.ids[0]) is int
    assert vocabulary.number(np.int32(6)) == 1


@pytest.mark.parametrize("ids", [[1, "a"], ["a", None], [1.5], [True, False]])
def test_mixed_and_other_ids_are_refused(ids):
    with pytest.raises(ValueError, match="all int or all str"):
        Vocabulary(ids)


def test_the_same_id_twice_is_refused():
    with pytest.raises(ValueError, match="distinct"):
        Vocabulary(["a", "b", "a"])


def test_a_missing_id_is_named_with_its_nearest():
    with pytest.raises(NotFoundError, match=r"no item 'dracul'; did you mean 'dracula'\?"):
        Vocabulary(["emma", "dracula"]).numbers(["emma", "dracul"], "item")


def test_growing_keeps_the_old_numbers():
    old = Vocabulary(["a", "b"])
    grown = old.extended(["c"])
    assert grown.numbers(["a", "b", "c"]).tolist() == [0, 1, 2]
    assert len(old) == 2
    assert "c" not in old


def test_equal_ids_are_equal_vocabularies():
    assert Vocabulary([1, 2]) == Vocabulary([1, 2])
    assert hash(Vocabulary([1, 2])) == hash(Vocabulary([1, 2]))
    assert Vocabulary([1, 2]) != Vocabulary([2, 1])
    assert Vocabulary([1]) != Vocabulary(["1"])
