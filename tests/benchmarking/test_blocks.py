"""The page of figures: a part is written anew where all its results are here, and stands as it was where they are not."""

import json

import pytest
from benchmarks import blocks, common, page
from benchmarks.blocks import Page

from llm4rec.core import DataError

OLD = """# Figures

<!-- result: first -->
old first

| a |
|---|
| 1 |

<!-- end -->

Between them.

<!-- result: second -->
old second
<!-- end -->
"""


@pytest.fixture
def out(tmp_path, monkeypatch):
    """Where results are put; there are none."""
    monkeypatch.setattr(common, "OUT", tmp_path)
    return lambda name, content: (tmp_path / f"{name}.json").write_text(json.dumps(content))


def written(old=OLD, **needs):
    old = Page(old)
    lines = ["# Figures\n"]
    for key in ("first", "second"):
        lines += old.block(key, lambda found: [f"now {found}"], **needs)
        lines += ["Between them.\n"] if key == "first" else []
    return old, old.whole(lines)


def test_without_results_the_page_stands(out):
    old, text = written()
    assert text == OLD
    assert not old.anew


def test_a_block_with_its_result_is_written_anew_and_its_neighbour_stands(out):
    out("second", 7)
    old, text = written()
    assert text == OLD.replace("old second\n", "now 7\n\n")
    assert old.anew == ["second"]


def test_a_block_that_never_stood_says_that_it_was_not_measured(out):
    text = written("")[1]
    assert text.count(blocks.ABSENT) == 2
    assert written(text)[1] == text


def test_a_part_of_a_result_is_a_block_of_its_own(out):
    out("third", {"shop": 3})
    empty = Page("")
    assert "now 3\n" in list(empty.block("third/shop", lambda found: [f"now {found}"]))
    assert blocks.ABSENT in "\n".join(empty.block("third/films", lambda found: [f"now {found}"]))


def test_a_block_stands_until_all_that_it_needs_is_here(out):
    out("second", {"rows": {"ease": 1}})
    old, text = written(needs=("ease", "als"), within="rows")
    assert text == OLD
    assert old.lacking == {"second": ["als"]}
    out("second", {"rows": {"ease": 1, "als": 2}})
    assert "old second" not in written(needs=("ease", "als"), within="rows")[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OLD.replace("<!-- end -->\n\nBetween", "Between"), "inside 'first'"),
        (OLD.replace("<!-- result: first -->\n", ""), "ends nothing"),
        (OLD.removesuffix("<!-- end -->\n"), "'second' of the page has no"),
        (OLD + OLD, "'first' is there twice"),
    ],
)
def test_a_page_with_broken_marks_is_refused(text, said):
    with pytest.raises(DataError, match=said):
        Page(text)


def test_figures_that_nobody_writes_any_more_are_not_dropped_in_silence(out):
    with pytest.raises(DataError, match="'third'"):
        written(OLD + "\n<!-- result: third -->\nold third\n<!-- end -->\n")


@pytest.fixture
def target(tmp_path, monkeypatch, out):
    """A copy of the page of this project, on another machine."""
    copy = tmp_path / "page.md"
    copy.write_bytes(page.PAGE.read_bytes())
    monkeypatch.setattr(page, "PAGE", copy)
    monkeypatch.setattr(page, "machine", lambda: "another machine's cores")
    return copy


def test_the_page_of_this_project_survives_a_clone_that_measured_nothing(target, capsys):
    old = target.read_bytes()
    page.main()
    assert target.read_bytes() == old
    assert "anew: nothing" in capsys.readouterr().out


def test_the_machine_is_that_of_the_last_figures(target, out):
    old = target.read_text(encoding="utf-8")
    out("startup", {"import llm4rec": {"median": 12.5, "best": 11.5}})
    page.main()
    before, after = dict(blocks.blocks_of(old)), dict(blocks.blocks_of(target.read_text(encoding="utf-8")))
    assert {key for key in after if after[key] != before.get(key)} == {"machine", "startup"}
    assert "another machine's cores" in after["machine"]
    assert "`import llm4rec` 12.5 s (best 11.5 s)" in after["startup"]


def test_a_table_of_several_rows_stands_where_one_of_them_was_measured(target, out, capsys):
    old = target.read_bytes()
    out("memory", {"ease": {"reading_mb": 1.0, "fitting_mb": 2.0, "ranking_mb": 3.0}})
    page.main()
    assert target.read_bytes() == old
    assert "memory stands as it was: out/benchmarks lacks sequence" in capsys.readouterr().out
