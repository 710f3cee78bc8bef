"""Reports: what is bold, what is escaped, what is inside."""

import base64
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from llm4rec.core import Holdout, SettingsError
from llm4rec.evaluation import Options, evaluate
from llm4rec.evaluation.report import html, markdown, winners, write_report

from .worlds import FakeEngine, constant, dataset, knows, last_out, noise, random_rows

HOSTILE = '<script>alert("x")</script>|$\\frac$'


@pytest.fixture(scope="module")
def content():
    data = dataset(random_rows(people=60), 20, name="<b>shop</b>")
    split = last_out(data)
    rules = {"oracle": knows(split), HOSTILE: noise, "constant": constant}
    options = Options(metrics=["ndcg@10", "mrr@10", "coverage@10", "gini@10"], resamples=500)
    return evaluate(data, split, list(rules), lambda name, _: FakeEngine(rules[name]), options).as_json()


def test_only_a_sure_winner_is_bold(content):
    lines = markdown(content).splitlines()
    bold = [line for line in lines if "**1.0000" in line]
    assert len(bold) == 1
    assert bold[0].startswith("| oracle |")
    assert winners(content, "ndcg@10") == {"oracle"}
    assert winners(content, "coverage@10") == set()


def test_a_winner_that_is_not_sure_is_not_bold(content):
    doubtful = {**content, "models": {n: {**m, "versus": {}} for n, m in content["models"].items()}}
    assert winners(doubtful, "ndcg@10") == set()
    assert "**" not in markdown(doubtful)


def test_only_models_under_the_same_terms_compete(content):
    again = {f"{n} (refit)": {**m, "fingerprint": "other"} for n, m in content["models"].items()}
    both = {**content, "models": {**content["models"], **again}}
    assert winners(both, "ndcg@10") == {"oracle"}


def test_losers_stay_in_the_table(content):
    text = markdown(content)
    assert "| constant |" in text
    assert "script" in text


def test_hostile_names_do_nothing(content):
    for text in (markdown(content), html(content)):
        assert "<script" not in text
        assert "<b>shop" not in text
        assert "&lt;script&gt;" in text
    row = next(line for line in markdown(content).splitlines() if "script" in line and "0." in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


def test_the_page_needs_nothing_from_outside(content):
    page = html(content)
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("data:image/svg+xml;base64,") == 6
    assert "prefers-color-scheme: dark" in page
    for picture in re.findall(r'base64,([^"\s]+)"', page):
        svg = base64.b64decode(picture).decode()
        assert svg.rstrip().endswith("</svg>")
        assert "<script" not in svg


def test_views_have_tables_of_their_own(content):
    model = content["models"]["oracle"]
    more = {**model, "metrics": {**model["metrics"], "first-1/ndcg@10": model["metrics"]["ndcg@10"]}}
    both = {**content, "models": {**content["models"], "oracle": more}}
    text = markdown(both)
    assert "View `first-1`" in text
    assert "| – |" in text
    assert "View first-1" in html(both)


def test_one_model_and_unknown_figures_make_a_report_too(content):
    model = content["models"]["constant"]
    blank = {**model, "metrics": {"ndcg@10": {"mean": None, "low": None, "high": None}}}
    alone = {**content, "models": {"constant": blank}}
    assert "| constant | – |" in markdown(alone)
    assert "<img" in html(alone)


def test_reports_are_written_as_a_whole(content, tmp_path):
    target = tmp_path / "new" / "report.html"
    write_report(content, target)
    write_report(content, target)
    assert target.read_text().startswith("<!doctype html>")
    assert [p.name for p in target.parent.iterdir()] == ["report.html"]
    with pytest.raises(SettingsError, match="a report is"):
        write_report(content, tmp_path / "report.pdf")


@pytest.mark.parametrize(("timed", "label"), [(True, "looks (time-aware)"), (False, "looks")])
def test_models_that_looked_at_the_time_of_the_question_are_labelled(timed, label):
    """Where questions tell no time nothing was seen, and nothing is to be labelled."""
    data = dataset(random_rows(people=60), 20)
    asked = last_out(data)
    if timed:
        fold = asked.folds[0]
        test = fold.tests[""]
        told = Holdout([replace(r, time=2e9) for r in test.requests], test.targets)
        asked = replace(asked, folds=(replace(fold, tests={"": told}),))

    def engine_for(name, seed):
        engine = FakeEngine(noise)
        engine.model = SimpleNamespace(time_aware=name == "looks", grow=None)
        return engine

    options = Options(metrics=["ndcg@10"], resamples=100)
    found = evaluate(data, asked, ["looks", "blind"], engine_for, options).as_json()
    for text in (markdown(found), html(found)):
        assert label in text
        assert "blind (time-aware)" not in text
        assert ("time-aware)" in text) == timed


@pytest.mark.parametrize(
    ("told", "label"),
    [
        ({"device": "phone"}, "looks (time-aware, context-aware)"),
        ({"mood": "good"}, "looks (time-aware)"),
        ({}, "looks (time-aware)"),
    ],
)
def test_models_that_looked_at_a_context_of_the_question_are_labelled(told, label):
    data = dataset(random_rows(people=60), 20)
    asked = last_out(data)
    test = asked.folds[0].tests[""]
    holdout = Holdout([replace(r, time=2e9, context=told) for r in test.requests], test.targets)
    asked = replace(asked, folds=(replace(asked.folds[0], tests={"": holdout}),))

    def engine_for(name, seed):
        engine = FakeEngine(noise)
        known = {"device": ("phone",)} if name == "looks" else {}
        engine.model = SimpleNamespace(time_aware=name == "looks", contexts=known, grow=None)
        return engine

    options = Options(metrics=["ndcg@10"], resamples=100)
    found = evaluate(data, asked, ["looks", "blind"], engine_for, options).as_json()
    for text in (markdown(found), html(found)):
        assert label in text
        assert "blind (" not in text
        assert ("context-aware)" in text) == (told == {"device": "phone"})
