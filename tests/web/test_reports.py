"""Reports in a browser: files of a folder opened, models compared, a point picked that becomes the default of what serves."""

import json
import re

import pytest

from llm4rec.apps.web.reports.reading import reports_in
from llm4rec.core import AuditEntry, FolderError, stream
from llm4rec.engine.live import open_registry
from llm4rec.store import open_store

from .conftest import _begun, _ready
from .waiting import serious


def estimate(mean):
    return {"mean": mean, "low": mean - 0.02, "high": mean + 0.02}


def evaluation():
    """Two models of which the second is better; the first has a name that would be a script."""
    models = {}
    for name, mean in (("<script>alert(1)</script>", 0.1), ("sequence", 0.2)):
        metrics = {"ndcg@10": estimate(mean), "coverage@10": estimate(0.5)}
        models[name] = {
            "metrics": metrics,
            "versus": {},
            "fingerprint": "f",
            "fit_seconds": 1.0,
            "degraded": [],
        }
    difference = {"difference": -0.1, "low": -0.12, "high": -0.08, "p": 0.001, "p_holm": 0.001}
    models["<script>alert(1)</script>"]["versus"] = {"sequence": {"ndcg@10": difference}}
    return {"protocol": {"name": "leave-last-out", "dataset": "shop", "fingerprint": "f"}, "models": models}


def change(mean, by):
    return {**estimate(mean), "change": by, "change_low": by - 0.01, "change_high": by + 0.01}


def tradeoff():
    rows = {}
    for name, strength, up, across in (
        ("own", 0.0, 0.2, 0.4),
        ("mild", 0.3, 0.19, 0.5),
        ("strong", 0.9, 0.1, 0.8),
    ):
        order = {"order": ["mmr"], "options": {"mmr": {"strength": strength}}} if strength else {"order": []}
        figures = {"ndcg@10": change(up, up / 0.2 - 1), "ild@10": change(across, across / 0.4 - 1)}
        rows[name] = {
            "model": "sequence",
            "curve": "mmr",
            "rerankers": name,
            "rerank": order,
            "front": ["ild@10"],
        }
        rows[name] |= {"validation": figures, "test": None}
    return {
        "protocol": {"name": "leave-last-out", "dataset": "shop"},
        "base": "sequence",
        "accuracy": "ndcg@10",
        "axes": {"ild@10": {"about": "difference of pairs", "lower_is_better": False}},
        "recommended": {"name": "mild", "rule": "most gained", "share_of_gain": 0.3},
        "fronts": {"ild@10": ["own", "mild", "strong"]},
        "volumes": {},
        "rows": rows,
        "notes": [],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("reports")
    (made / "points").mkdir()
    (made / "points" / "a.json").write_text("{}")
    (made / "figures.json").write_text(json.dumps(evaluation()))
    (made / "tradeoff.json").write_text(json.dumps(tradeoff()))
    (made / "broken.json").write_text('{"protocol"')
    return made


def test_a_folder_is_read_without_what_is_no_report(folder, tmp_path):
    found, refused = reports_in(str(folder))
    assert {(one.name, one.kind) for one in found} == {
        ("figures.json", "evaluation"),
        ("tradeoff.json", "tradeoff"),
    }
    assert refused == ("broken.json: cannot be read as JSON",)
    with pytest.raises(FolderError, match="--reports"):
        reports_in(str(folder / "nothing"))
    outside = tmp_path / "secret.json"
    outside.write_text(json.dumps(evaluation()))
    inside = tmp_path / "reports"
    inside.mkdir()
    (inside / "link.json").symlink_to(outside)
    assert reports_in(str(inside)) == ((), ("link.json: leads out of the folder",))


@pytest.fixture(scope="module")
def opened(folder, shop_engine, tmp_path_factory):
    """A service without keys that opens the reports."""
    service = _begun(tmp_path_factory.mktemp("opened"), shop_engine, more=("--reports", str(folder)))
    yield _ready(service)
    service.stop()


@pytest.mark.browser
def test_models_are_compared_in_the_metric_that_is_chosen(visitor, opened):
    page = visitor("/reports", url=opened.url)
    page.get_by_role("button", name="figures.json").click()
    page.get_by_text(re.compile(r"<script>.* less sequence: -0.1000")).wait_for()
    page.get_by_role("img", name=re.compile(r"sequence: 0\.2000 \(0\.1800–0\.2200\)")).wait_for()
    page.get_by_role("button", name="coverage@10").click()
    page.get_by_role("img", name=re.compile(r"sequence: 0\.5000")).wait_for()
    models = page.get_by_role("group", name="Models")
    models.get_by_role("button", name="sequence").click()
    page.get_by_role("img", name=re.compile("sequence")).wait_for(state="detached")


@pytest.mark.browser
def test_a_point_that_is_picked_becomes_the_default_of_what_serves(visitor, opened):
    page = visitor("/reports", url=opened.url)
    page.get_by_role("button", name="tradeoff.json").click()
    page.locator(".picked").get_by_role("heading", name="mild").wait_for()
    page.locator("circle.spot").nth(2).click()
    page.locator(".picked").get_by_role("heading", name="strong").wait_for()
    page.get_by_role("button", name="tradeoff.json").click()  # it is open: what was picked stays
    page.get_by_role("button", name="Pick mild").focus()
    assert page.locator(".picked").get_by_role("heading", name="strong").is_visible()
    page.keyboard.press("Enter")
    page.locator(".picked").get_by_role("heading", name="mild").wait_for()
    page.get_by_role("button", name="Make it the default").click()
    page.get_by_role("button", name="Yes, do it").click()
    page.get_by_text("orders its lists by mild").first.wait_for()
    with open_registry(str(opened.store)) as registry:
        standing = registry.standing()
    assert standing.orders[standing.serving]["options"] == {"mmr": {"strength": 0.3}}
    with open_store(str(opened.store)) as store:
        assert "engine reordered" in [entry.action for entry in stream(store, AuditEntry)]


@pytest.mark.browser
def test_a_service_without_reports_says_how_to_open_some(visitor):
    page = visitor("/reports", width=390)
    page.get_by_text("--reports FOLDER").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
@pytest.mark.parametrize("light", ["light", "dark"])
def test_axe_finds_nothing_serious_in_open_reports(visitor, opened, axe, light):
    page = visitor("/reports", url=opened.url, color_scheme=light)
    page.get_by_role("button", name="figures.json").click()
    page.get_by_role("group", name="Models").wait_for()
    assert not serious(page, axe)
    page.get_by_role("button", name="tradeoff.json").click()
    page.locator("circle.spot").first.wait_for()
    page.locator("circle.spot").first.click()
    assert not serious(page, axe)
