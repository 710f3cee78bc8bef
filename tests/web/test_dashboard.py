"""The dashboard in a browser: figures of what is really in the store, decisions that really hold, roles, phone, keyboard."""

import re
import time

import pytest

from llm4rec.apps.web.numbers import between, percent, seconds
from llm4rec.apps.web.plots import _runs, nice
from llm4rec.core import AuditEntry, Feedback, Impression, Shown, stream
from llm4rec.engine.live import open_registry
from llm4rec.store import open_store

from .conftest import _begun, _ready


def test_numbers_read_with_their_interval():
    assert between({"value": 0.214, "low": 0.18, "high": 0.249}) == "21.4 % (18.0 % – 24.9 %)"
    assert between({"value": 0.214, "low": None, "high": None}) == "21.4 %"
    assert (percent(None), seconds(0.0123), seconds(2.0)) == ("–", "12.3 ms", "2.0 s")


def test_axes_end_on_round_numbers_and_gaps_stay_gaps():
    assert [nice(value) for value in (0.31, 1.0, 7.2, 210.0, 0.0)] == pytest.approx(
        [0.5, 1.0, 10.0, 250.0, 1.0]
    )
    assert _runs([1.0, None, 2.0, 0.0]) == [[0], [2, 3]]


@pytest.fixture(scope="module")
def busy(shop_engine, tmp_path_factory):
    """A service of its own with keys, after 200 lists, of which 60 were clicked."""
    service = _ready(_begun(tmp_path_factory.mktemp("busy"), shop_engine, ("write", "admin")))
    now = time.time()
    rows = []
    for number in range(200):
        slots = (Shown("emma", 2.0), Shown("dracula", 1.0))
        rows.append(Impression(f"t{number}", f"somebody-{number}", now - 7_200, slots, version="v"))
        if number < 60:
            rows.append(Feedback(f"somebody-{number}", "emma", "click", now - 7_100, impression=f"t{number}"))
    with open_store(str(service.store)) as store:
        store.append(rows)
    yield service
    service.stop()


@pytest.fixture
def admin(visitor, busy):
    """A visitor with a key of role admin, at a path."""

    def visit(path, role="admin", **options):
        page = visitor(f"/sign-in?next={path}", url=busy.url, **options)
        page.set_default_timeout(30_000)
        page.get_by_label("Key").fill(busy.keys[role])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{path}")
        return page

    return visit


def figures(page):
    page.locator(".tile").first.wait_for()
    return {tile.locator("h2").inner_text(): tile.inner_text() for tile in page.locator(".tile").all()}


@pytest.mark.browser
def test_tiles_and_plots_tell_what_is_in_the_store(admin):
    page = admin("/dashboard")
    told = figures(page)
    assert "30.0 %" in told["Click-through"]
    assert "200 lists, 200 people" in told["Click-through"]
    assert "–" in told["Click-through"]  # its interval
    page.get_by_text("Numbers as a table").nth(1).click()
    page.get_by_role("cell", name=re.compile("30.0 % .* 200 rows of 200 people")).wait_for()
    picture = page.get_by_role("img", name=re.compile("Click-through: .* points"))
    picture.first.wait_for()


@pytest.mark.browser
def test_a_decision_on_a_report_holds_and_is_on_record(admin, busy):
    from llm4rec.core import Report

    with open_store(str(busy.store)) as store:
        text = "<img src=x onerror=alert(1)>"
        store.append([Report("report", "emma", user, "hate", text, time.time()) for user in ("a", "b")])
    page = admin("/dashboard")
    page.get_by_role("button", name="Hide Emma from everybody").click()
    page.get_by_role("button", name="Show Emma again").wait_for()
    assert page.locator("blockquote img").count() == 0
    with open_store(str(busy.store)) as store:
        actions = [entry.action for entry in stream(store, AuditEntry)]
    assert "reports decided: hide" in actions
    page.get_by_role("button", name="Show Emma again").click()
    page.get_by_text("Nobody has reported anything").wait_for()


@pytest.mark.browser
def test_a_promotion_is_asked_for_twice_and_can_be_taken_back(admin, busy, shop_engine, tmp_path_factory):
    from llm4rec import Engine

    folder = tmp_path_factory.mktemp("other") / "engine"
    engine = Engine.load(shop_engine)
    engine.add_items([{"item_id": "new-book", "title": "A new book"}])
    engine.save(folder)
    with open_registry(str(busy.store)) as registry:
        second = registry.register(folder).version
    page = admin("/dashboard")
    page.get_by_role("button", name=f"Promote {second}").click()
    page.get_by_role("button", name="Cancel").click()
    with open_registry(str(busy.store)) as registry:
        first = registry.standing().serving
    assert first != second
    page.get_by_role("button", name=f"Promote {second}").click()
    page.get_by_role("button", name="Yes, do it").click()
    page.get_by_role("button", name=f"Promote {first}").wait_for()
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("button", name="Yes, do it").click()
    page.get_by_role("button", name=f"Promote {second}").wait_for()
    with open_registry(str(busy.store)) as registry:
        assert registry.standing().serving == first


@pytest.mark.browser
def test_who_may_not_is_told_the_role(admin):
    page = admin("/dashboard", role="write")
    page.get_by_text("it needs the role admin").first.wait_for()
    assert page.locator(".tile").count() == 0
    assert page.get_by_role("link", name="Dashboard").count() == 0


@pytest.mark.browser
def test_on_a_phone_nothing_hangs_over_the_edge(admin):
    page = admin("/dashboard", width=390)
    figures(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_the_window_is_changed_by_keyboard_and_remembered(admin):
    page = admin("/dashboard")
    figures(page)
    day = page.get_by_role("button", name="24 hours")
    day.focus()
    page.keyboard.press("Enter")
    page.locator("button[aria-pressed=true]", has_text="24 hours").wait_for()
    page.reload()
    page.locator("button[aria-pressed=true]", has_text="24 hours").wait_for()


@pytest.mark.browser
def test_a_service_to_which_nothing_happened_says_so(visitor):
    page = visitor("/dashboard")
    page.set_default_timeout(30_000)
    figures(page)
    page.get_by_text("Nobody has reported anything").wait_for()
    page.get_by_text("No experiment runs").wait_for()
