"""axe-core finds nothing serious on any page, light and dark, on a desk and on a phone."""

import pytest

from .waiting import serious

PAGES = ("/", "/chat", "/users", "/users/reader-001", "/dashboard", "/reports")
pytestmark = pytest.mark.browser


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
        assert not serious(page, axe), path
