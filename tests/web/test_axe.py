"""axe-core finds nothing serious on any page, light and dark, on a desk and on a phone."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("/", "/chat", "/users", "/users/reader-001", "/dashboard", "/reports")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def axe():
    """The script of axe-core, of the folder that AXE_CORE names or of node_modules."""
    folder = Path(os.environ.get("AXE_CORE", ROOT / "node_modules" / "axe-core"))
    if not (folder / "axe.min.js").is_file():
        pytest.skip("no axe-core: npm install --no-save axe-core, or set AXE_CORE to its folder")
    return (folder / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("light", "width"), [("light", 1280), ("dark", 1280), ("light", 390)], ids=["light", "dark", "phone"]
)
def test_nothing_serious(visitor, axe, light, width):
    page = visitor("/users/reader-001", color_scheme=light, width=width)
    page.get_by_role("button", name="See the list").click()  # so that lists have reasons
    page.locator(".card:not(.bone)").first.wait_for()
    for path in PAGES:
        page.goto(path)
        page.locator("h1").wait_for()
        page.locator(".page:not(.late)").wait_for()
        page.wait_for_timeout(500)  # what fades in has its colours then
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        wrong = [
            (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0].get("failureSummary", "")[:300])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert not wrong, (path, wrong)
