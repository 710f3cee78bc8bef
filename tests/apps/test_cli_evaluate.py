"""`llm4rec evaluate`: the figures, their shape, and the report."""

import json
import math

import pytest

from llm4rec.core import NotFoundError, SettingsError

FEW = ["--metrics", "ndcg@10,hr@10"]


@pytest.fixture(scope="module")
def content(shop, tmp_path_factory):
    """One evaluation of three variants, as its JSON file."""
    from typer.testing import CliRunner

    from llm4rec.apps.cli.main import app

    folder = tmp_path_factory.mktemp("evaluation")
    arguments = ["evaluate", str(shop), "--models", "popular,ease(decay=none,reg=1),ease(reg=1)"]
    arguments += [
        *FEW,
        "--json",
        str(folder / "deep" / "f.json"),
        "--report",
        str(folder / "report"),
        "--refit",
    ]
    environment = {"LLM4REC_ENCODER__NAME": "none"}
    done = CliRunner().invoke(app, arguments, catch_exceptions=False, env=environment)
    assert done.exit_code == 0, done.output
    return json.loads((folder / "deep" / "f.json").read_text()), folder / "report", done.stdout


def test_the_json_has_the_shape_that_others_read(content):
    figures, _, _ = content
    protocol = figures["protocol"]
    assert protocol["name"].startswith("leave-last-out")
    assert protocol["fingerprint"]
    assert protocol["dataset"]
    assert protocol["synthetic"] is False
    assert isinstance(protocol["warnings"], list)
    for result in figures["models"].values():
        assert set(result["metrics"]) == {"ndcg@10", "hr@10"}
        for estimate in result["metrics"].values():
            assert estimate["low"] <= estimate["mean"] <= estimate["high"]
            assert 0 <= estimate["mean"] <= 1
        for cost in ("fit_seconds", "score_seconds", "peak_rss_mb"):
            assert isinstance(result[cost], float)
            assert math.isfinite(result[cost])
            assert result[cost] >= 0


def test_every_variant_has_its_row_and_with_refit_another(content):
    figures, _, _ = content
    names = list(figures["models"])
    for variant in ("popular", "ease(decay=none,reg=1)", "ease(reg=1)"):
        assert variant in names
    refitted = [name for name, row in figures["models"].items() if row["validation_trained"]]
    plain = [name for name, row in figures["models"].items() if not row["validation_trained"]]
    assert len(refitted) == len(plain) == 3


def test_a_model_that_knows_parity_beats_what_is_popular(content):
    models = content[0]["models"]
    ease, popular = (models[n]["metrics"]["ndcg@10"]["mean"] for n in ("ease(decay=none,reg=1)", "popular"))
    assert ease > popular + 0.1


def test_the_report_is_written_for_browsers_and_for_git(content):
    figures, report, _ = content
    for suffix in ("html", "md"):
        text = (report / f"report.{suffix}").read_text()
        assert figures["protocol"]["fingerprint"] in text
        assert "popular" in text


def test_the_table_on_the_screen_names_models_and_fingerprint(content):
    figures, _, printed = content
    assert figures["protocol"]["fingerprint"] in printed
    assert all(name in printed for name in figures["models"])


def test_a_dash_prints_json_alone(told, shop):
    figures = told("evaluate", shop, "--models", "popular", *FEW, "--json", "-")
    assert list(figures["models"]) == ["popular"]


def test_the_same_question_has_the_same_answer(told, shop):
    one, other = (told("evaluate", shop, "--models", "itemknn", *FEW, "--json", "-") for _ in range(2))
    assert one["protocol"]["fingerprint"] == other["protocol"]["fingerprint"]
    assert one["models"]["itemknn"]["metrics"] == other["models"]["itemknn"]["metrics"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--models", "popular,eese"], NotFoundError, "did you mean 'ease'"),
        (["--models", "ease(regg=1)"], SettingsError, "did you mean 'reg'"),
        (["--models", "ease(reg=1"], SettingsError, "not closed"),
        (["--metrics", "ndgc@10", "--models", "popular"], (SettingsError, NotFoundError), "ndcg"),
        (
            ["--protocol", "leave-last", "--models", "popular"],
            (SettingsError, NotFoundError),
            "leave-last-out",
        ),
    ],
)
def test_wrong_names_are_found_before_anything_is_fitted(cli, shop, monkeypatch, arguments, error, message):
    monkeypatch.setattr("llm4rec.engine.Engine.fit", lambda *_, **__: pytest.fail("something was fitted"))
    with pytest.raises(error, match=message):
        cli("evaluate", shop, *arguments)
