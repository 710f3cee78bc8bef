"""axe-core finds nothing serious on any page, light and dark, on a desk and on a phone."""

import pytest

from .waiting import serious

PAGES = ("/", "/chat", "/users", "/users/reader-001", "/dashboard", "/reports")
pytestmark = pytest.mark.browser


def test_nothing_serious(visitor, axe):
    page = visitor("/users/reader-001", color_scheme="light")
    page.get_by_role("button", name="See the list").click()  # so that lists have reasons
    page.locator(".card:not(.bone)").first.wait_for()
    for path in PAGES:
        page.goto(path)
        page.locator("h1").wait_for()
        page.locator(".page:not(.late)").wait_for()
        for light, width in (("light", 1280), ("dark", 1280), ("light", 390)):
            page.emulate_media(color_scheme=light)
            page.set_viewport_size({"width": width, "height": 900})
            assert not serious(page, axe), (path, light, width)
        page.set_viewport_size({"width": 1280, "height": 900})
