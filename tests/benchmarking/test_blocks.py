"""The page of figures: what was not measured here stands as it was."""

import json

import pytest
from benchmarks import blocks, common, page

OLD = """# Figures

<!-- result: first -->
old first

| a |
|---|
| 1 |

<!-- end -->

<!-- result: second -->
old second
<!-- end -->
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A page with two blocks, and no results."""
    monkeypatch.setattr(common, "OUT", tmp_path / "out")
    monkeypatch.setattr(blocks, "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text(OLD, encoding="utf-8")
    (tmp_path / "out").mkdir()
    blocks.standing.cache_clear()
    yield tmp_path
    blocks.standing.cache_clear()


def written():
    lines = ["# Figures\n"]
    for key in ("first", "second"):
        lines += blocks.block(key, lambda found: iter([f"now {found}"]))
    return "\n".join(lines).rstrip() + "\n"


def test_without_results_the_page_stands(here):
    assert written() == OLD


def test_a_block_with_its_result_is_written_anew_and_its_neighbour_stands(here):
    (here / "out" / "second.json").write_text(json.dumps(7))
    text = written()
    assert "old first\n\n| a |\n|---|\n| 1 |" in text
    assert "now 7" in text
    assert "old second" not in text


def test_a_part_of_a_result_is_a_block_of_its_own(here):
    (here / "out" / "third.json").write_text(json.dumps({"shop": 3}))
    assert "now 3" in "\n".join(blocks.block("third/shop", lambda found: iter([f"now {found}"])))
    other = "\n".join(blocks.block("third/films", lambda found: iter([f"now {found}"])))
    assert "`third/films`: not measured yet." in other


def test_the_page_of_this_project_survives_a_clone_that_measured_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(common, "OUT", tmp_path)
    monkeypatch.setattr(page, "machine", lambda: "MACHINE")
    target = tmp_path / "page.md"
    monkeypatch.setattr(page, "PAGE", target)
    blocks.standing.cache_clear()
    page.main()
    new, old = target.read_text(encoding="utf-8"), blocks.PAGE.read_text(encoding="utf-8")
    told = [line for line in new.splitlines() if "MACHINE" not in line]
    stood = [line for line in old.splitlines() if not line.startswith("Machine of the last writing")]
    assert told == stood
