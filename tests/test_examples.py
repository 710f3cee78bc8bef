"""Every example runs on the sample shop alone and prints what its scenario promises."""

from __future__ import annotations

import re
import sys
from importlib import import_module

import pytest

from docpages import ROOT

NAMES = ("customer_service", "ecommerce", "music", "news", "advertising", "video", "books")
OWN = ("customer_service", "advertising")  # these need no data set
READS = ("ecommerce", "news", "books")  # these let a text encoder take part


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run an example without data sets and without the encoder; what it printed."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def ran(name, **arguments):
        given = {} if name in OWN else {"data": tmp_path}
        given |= {"encoder": "none"} if name in READS else {}
        import_module(name).main(**given, **arguments)
        return capsys.readouterr().out

    yield ran
    for name in (*NAMES, "common"):
        sys.modules.pop(name, None)


def section(printed, heading):
    """The titles of the list under a heading."""
    below = printed.split(heading, 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^  \d\. (.+)$", below, re.MULTILINE)


def test_the_folder_holds_these_and_the_page_names_them():
    files = {path.stem for path in (ROOT / "examples").glob("*.py")} - {"common"}
    assert files == set(NAMES)
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"({name}.py)" not in page] == []


def test_a_missing_data_set_is_said(run):
    assert "lastfm is not at hand: the sample shop takes its place" in run("music")


def test_customer_service_answers_before_it_recommends(run):
    printed = run("customer_service")
    first, second, *_ = printed.split("\n> ")[1:]
    assert "Two to four working days." in first
    assert first.index("Two to four") < first.index("1. ")
    assert "Crime" in second
    assert re.search(r"bookmark\?\n\[unknown\]", printed)


def test_ecommerce_keeps_its_limit(run):
    printed = run("ecommerce")
    found = printed.split("What was found")[1]
    years = [float(year) for year in re.search(r"year: (.+) \(year\)", found)[1].split(", ")]
    assert len(years) == 5
    assert max(years) < 1880
    before, after = section(printed, "boosted"), section(printed, "The next list")
    assert before[0] not in after


def test_music_follows_the_session(run):
    printed = run("music")
    assert section(printed, "New to this listener") != section(printed, "While playing")
    assert re.search(r"[1-9]\d* known artists of 10", printed)
    assert float(re.search(r"([+-][\d.]+) bits", printed)[1]) > 0


def test_news_shows_todays_only(run):
    printed = run("news")
    assert "40 came in today" in printed
    plain, varied = section(printed, "Today, for this reader"), section(printed, "diversity = 0.8")
    assert len(plain) == len(varied) == 5
    assert plain != varied


def test_advertising_is_honest_fair_and_capped(run):
    printed = run("advertising", readers=200)
    promised, came = (
        float(share) for share in re.search(r"promised ([\d.]+)%, came true ([\d.]+)%", printed).groups()
    )
    assert promised == pytest.approx(came, abs=10)
    plain, fair = (int(found) for found in re.findall(r"(\d+) advertisers are shown", printed))
    assert fair > plain
    without, ruled = section(printed, "Without a log"), section(printed, "booked the first place:")
    assert without[0] not in ruled
    assert ruled[1] == without[1]


def test_video_pays_for_variety(run):
    gained, paid = re.search(r"\(([+-][\d.]+) mean distance for ([\d.]+)%", run("video")).groups()
    assert float(gained) > 0
    assert 0 < float(paid) < 50


def test_books_hide_what_is_not_for_children(run):
    printed = run("books")
    assert "age 9: the casino's flyer is not among them" in printed
    assert "age 30: the casino's flyer is among them" in printed
    assert len(section(printed, "Of the new ones")) == 3
    chances = re.search(r"drawn with the chances (.+)", printed)[1].split(", ")
    assert all(0 < float(chance) <= 1 for chance in chances)
