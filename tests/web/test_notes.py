"""What the engine notes of its answers is told in the visitor's language: no note is without its Chinese form."""

import ast
import re
import string
from pathlib import Path

import pytest

import llm4rec
from llm4rec.apps.web import notes
from llm4rec.apps.web.words import LANGUAGES, words_in
from llm4rec.core import ProfileEdits, StoreBusyError
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import open_live
from llm4rec.store import open_store
from llm4rec.testing import checkerboard

SOURCE = Path(llm4rec.__file__).parent
CHINESE = words_in("zh")
NOTED = (
    *(f"engine/{name}.py" for name in ("door", "intent", "interests", "path", "wishes")),
    *(f"engine/live/{name}.py" for name in ("answering", "edits", "items", "live")),
    "rerankers/rules.py",
    "writers/explain/rephrasing.py",
)
"""Files in which every sentence that is neither an error nor a docstring is a note for whoever asks."""
ELSEWHERE = ("core/errors.py", "engine/safety.py", "models/few_shot.py", "writers/asking/modelled.py")
"""Files of which a sentence or two are such notes."""
PROMPT = re.compile("You ")
"""What is said to a language model."""


def sentences(file):
    """Strings of three words and more, holes as {}, outside of errors and docstrings."""

    def walk(node):
        if isinstance(node, ast.Raise | ast.Assert):
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        else:
            for child in ast.iter_child_nodes(node):
                yield from walk(child)

    found = walk(ast.parse((SOURCE / file).read_text(encoding="utf-8")))
    return {text for text in found if len(text.split()) >= 3}


def holes(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def bare(text):
    return re.sub(r"\{\w+\}", "{}", text)


KNOWN = {bare(one["en"]) for one in notes.table()}
KNOWN |= {text.removesuffix("{}") for text in KNOWN}


@pytest.mark.parametrize("file", NOTED)
def test_every_note_of_the_engine_has_a_pattern(file):
    unknown = {text for text in sentences(file) if text not in KNOWN and not PROMPT.match(text)}
    assert not unknown, "give them a Chinese form in words/notes.toml"


def test_no_pattern_is_of_a_note_that_is_no_more():
    told = set().union(*map(sentences, (*NOTED, *ELSEWHERE)))
    told |= {f"{text}{{}}" for text in told}
    assert not {bare(one["en"]) for one in notes.table()} - told


def test_every_language_has_every_note_with_the_same_holes():
    for one in notes.table():
        assert set(one) == set(LANGUAGES)
        assert holes(one["en"]) == holes(one["zh"]), one["en"]


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("only 3 of 12 items may be shown", "要求 12 项，只有 3 项可以显示"),
        ("user 'a: {b} of\nc' is not known", "不认识用户 'a: {b} of\nc'"),
        ("1 of 4 history items are not in the catalog: ['x']", "历史的 4 项中有 1 项不在目录里：['x']"),
        (
            "context 'devise' is not used; did you mean 'device'?: the model looks at device, place",
            "情境 'devise' 没有用到（是否指 'device'？）：模型参考的情境是 device, place",
        ),
        (
            "context 'mood' is not used: the model looks at no context",
            "情境 'mood' 没有用到：模型不参考任何情境",
        ),
        (
            "N new items wait for the next fit: model … takes none",
            "N 个新物品要等下次训练：模型 … 不能加入新物品",
        ),
        ("a note that nobody knows", "a note that nobody knows"),
        ("", ""),
    ],
)
def test_notes_are_told_with_their_names_and_numbers(note, told):
    assert notes.worded(note, CHINESE) == told
    assert notes.worded(note, words_in("en")) == note


def test_what_a_real_engine_notes_is_chinese_but_for_names(tmp_path, monkeypatch):
    board = Settings(encoder={"name": "none"}, cache={"folder": "none"})
    engine = Engine(board, model="ease", reg=1.0, tune=False).fit(checkerboard())
    with open_store(str(tmp_path / "shop.db")) as store:
        live = open_live(engine, store)
        strange = {"history": ["x", "item-1"], "n": 50, "excluded": ["y"], "context": {"mood": "low"}}
        topics = ProfileEdits(topics={"odd / other": 1.0})
        told = [
            *live.recommend("nobody", n=50).degraded,
            live.recommend("user-1", chances=True).unsure,
            *live.recommend(**strange).degraded,
            *live.recommend("user-1", query="", profile=topics).degraded,
            *live.recommend("user-1", query="zzzz").degraded,
            *live.ask("number", "nobody").answer.degraded,
            *live.upsert_items([{"item": "new", "attributes": {"title": "new"}}]).notes,
        ]

        def away(*given, **more):
            raise StoreBusyError("x")

        monkeypatch.setattr(store, "recent", away)
        told += live.recommend("user-2").degraded
    assert len(told) >= 12
    for note in told:
        chinese = re.sub(r"'[^']*'|\bmood\b|\bexcluded\b|\bx\b", "", notes.worded(note, CHINESE))
        assert not re.search("[A-Za-z]", chinese), note


@pytest.mark.browser
def test_the_window_of_somebody_new_tells_its_notes_in_chinese(visitor):
    page = visitor("/", locale="zh-CN")
    page.locator(".card:not(.bone)").first.wait_for()
    notes_told = page.locator("details.notes")
    notes_told.locator("summary").click()
    told = notes_told.locator("li").all_inner_texts()
    assert "对这位用户一无所知：显示的是热门内容" in told
    assert not [one for one in told if re.search("[a-z]{3} [a-z]", one)]
