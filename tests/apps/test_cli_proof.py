"""`llm4rec replay`, `compare` and `simulate`: what they print, write and refuse."""

import json

import numpy as np
import pytest

from llm4rec.core import SettingsError
from llm4rec.core.errors import DataError, NotFoundError


def test_replay_tells_quality_over_time_and_draws_it(cli, shop, tmp_path):
    plot, figures = tmp_path / "course.svg", tmp_path / "f.json"
    common = ["replay", shop, "--model", "ease(decay=none,tune=false)", "--model", "popular", "--window", 5]
    done = cli(*common, "--json", figures, "--plot", plot)
    content = json.loads(figures.read_text())
    assert list(content["models"]) == ["ease(decay=none,tune=false)", "popular"]
    ease, popular = (row["metrics"]["ndcg@10"]["mean"] for row in content["models"].values())
    assert ease > popular
    assert content["replay"]["dataset"]
    assert "popular" in done.stdout
    assert plot.read_text().startswith("<?xml")
    assert json.loads(cli(*common, "--json", "-").stdout)["models"].keys() == content["models"].keys()


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (["--model", "eas"], "ease"),
        (["--plot", "course.png"], "svg"),
        (["--warm", "1.5"], "warm"),
        (["--metrics", "coverage@10"], "coverage@10"),
    ],
)
def test_replay_refuses_what_it_cannot_do(cli, shop, said, word):
    with pytest.raises((SettingsError, NotFoundError), match=word):
        cli("replay", shop, *said)


def written(folder, people=600):
    """A log of an experiment: the treatment is clicked twice as often; the target likes `y` first."""
    rng = np.random.default_rng(0)
    lines = []
    for number in range(people):
        variant = ("control", "treatment")[number % 2]
        first = "x" if rng.random() < 0.5 else "y"
        chosen = 0.8 if first == "y" else 0.2
        slots = [[first, 1.0, 0.5], ["y" if first == "x" else "x", 0.5, 1.0]]
        row = {"id": f"m{number}", "user": f"u{number}", "time": number, "variant": variant, "slots": slots}
        lines.append({**row, "targets": {"y-first": [chosen, 1.0]}, "teams": [0, 1]})
        if rng.random() < (0.6 if variant == "treatment" else 0.3) * (1.5 if first == "y" else 0.5):
            lines.append({"impression": f"m{number}", "item": first, "kind": "click", "user": f"u{number}"})
    path = folder / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_compare_tells_sides_policies_and_preferences(cli, tmp_path):
    done = cli(
        "compare", written(tmp_path), "--share", "control=0.5", "--share", "treatment=0.5", "--json", "-"
    )
    content = json.loads(done.stdout)
    look = content["sides"]["variants"]["treatment"]["versus"]["click-through"]
    assert look["low"] > 0.1
    assert content["sides"]["mismatch"] == 1.0
    assert content["sides"]["variants"]["control"]["conversion"] is None
    logged, target = content["policies"]["logged"], content["policies"]["y-first"]
    assert logged["mean"] == pytest.approx(0.45, abs=0.07)
    assert target["low"] < 0.45 * (0.8 * 1.5 + 0.2 * 0.5) < target["high"]
    assert content["interleaving"]["first"] > 200
    assert content["interleaving"]["second"] == 0


def test_compare_says_what_it_cannot_say(cli, tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"id": "m", "slots": [["x", 1.0, None]]}))
    done = cli("compare", path)
    assert "cannot say" in done.stderr
    shown = cli("compare", written(tmp_path))
    assert "treatment" in shown.stdout
    assert "y-first" in shown.stdout


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (["--share", "control"], "SIDE=SHARE"),
        (["--share", "control=-1"], "SIDE=SHARE"),
        (["--by", "varian"], "variant"),
        (["--form", "slates"], "slate"),
        (["--estimator", "snip"], "snips"),
        (["--control", "kontrol"], "control"),
    ],
)
def test_compare_refuses_what_it_does_not_know(cli, tmp_path, said, word):
    with pytest.raises((SettingsError, NotFoundError), match=word):
        cli("compare", written(tmp_path, 50), *said)


def test_compare_refuses_what_is_no_log(cli, tmp_path):
    with pytest.raises(NotFoundError, match="no file"):
        cli("compare", tmp_path / "nowhere.jsonl")
    (tmp_path / "log.jsonl").write_text("nothing")
    with pytest.raises(DataError, match="row 1"):
        cli("compare", tmp_path / "log.jsonl")


def test_simulate_tells_frozen_from_learning(cli, tmp_path):
    figures, plot = tmp_path / "f.json", tmp_path / "course.svg"
    world = ["--readers", 30, "--before", 60, "--rounds", 4, "--model", "popular,ease(decay=none,tune=false)"]
    done = cli("simulate", *world, "--json", figures, "--plot", plot)
    content = json.loads(figures.read_text())
    names = [
        f"{model}, {how}"
        for model in ("popular", "ease(decay=none,tune=false)")
        for how in ("frozen", "learning", "service")
    ]
    assert list(content["models"]) == names
    for model in ("popular", "ease(decay=none,tune=false)"):
        learning, service = (content["models"][f"{model}, {how}"] for how in ("learning", "service"))
        assert service["rounds"] == learning["rounds"]  # the same lists, by way of a store
    assert content["models"]["popular, learning"]["over_frozen"]["mean"] == pytest.approx(1.0)
    assert all(len(row["rounds"]) == 4 for row in content["models"].values())
    assert "synthetic" in done.stderr
    assert plot.read_text().startswith("<?xml")
