"""Errors of the engine are told in the visitor's language: the kind and what helps, and the engine's own words behind."""

import string

import pytest

from llm4rec import core
from llm4rec.apps.rest.problems import KINDS
from llm4rec.apps.web.failures import failure, kinds
from llm4rec.apps.web.words import LANGUAGES, words_in
from llm4rec.core import GeneratorTimeoutError, Llm4recError, NotFoundError, StoreBusyError

CHINESE, ENGLISH = words_in("zh"), words_in("en")


def test_every_kind_with_a_remedy_of_its_own_has_a_sentence_in_every_other_language():
    assert set(kinds()) == {kind.__name__ for kind in KINDS} | {"Llm4recError"}
    for name, told in kinds().items():
        assert issubclass(getattr(core, name), Llm4recError)
        assert set(told) == set(LANGUAGES) - {"en"}
        for text in told.values():
            assert [hole for _, hole, _, _ in string.Formatter().parse(text) if hole] == ["said"]


def test_an_unknown_id_is_told_in_chinese_with_what_helps_and_the_id():
    told = failure(
        NotFoundError("unknown item 'b-9'; items of the catalog are listed by GET /v1/items"), CHINESE
    )
    assert told.startswith("找不到所指的内容。请检查编号或名称。")
    assert told.endswith("unknown item 'b-9'. items of the catalog are listed by GET /v1/items")


def test_in_english_the_engine_speaks_for_itself():
    assert failure(NotFoundError("unknown item 'b-9'; check it"), ENGLISH) == "unknown item 'b-9'. check it"


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (StoreBusyError("the store is locked"), "存储正忙"),
        (GeneratorTimeoutError("no answer in 5 s"), "语言模型没有给出可用的回答"),
        (Llm4recError("{what} is this"), "操作没有完成"),
    ],
)
def test_the_nearest_class_above_says_what_kind_it_is(error, wanted):
    told = failure(error, CHINESE)
    assert told.startswith(wanted)
    assert str(error) in told
