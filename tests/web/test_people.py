"""A person's page in a real browser: interests in their own hands, their data as a file, and erasure that erases."""

import json
import re

import pytest

from llm4rec.core import EditsVersion, Feedback, Impression, stream
from llm4rec.store import open_store

from .waiting import connected

pytestmark = pytest.mark.browser
KINDS = (EditsVersion, Feedback, Impression)


def test_interests_with_their_proofs_are_changed_by_their_owner_and_steer_the_list(visitor):
    page = visitor("/users")
    page.get_by_label("Search by id").fill("reader-011")
    page.get_by_role("link", name="reader-011").click()
    topic = page.locator(".interests li").first
    topic.locator("summary").click()
    assert topic.locator("details li").count() > 0
    page.get_by_role("button", name="See the list").click()
    page.locator(".card:not(.bone)").first.wait_for()
    before = page.locator(".card h2").all_inner_texts()
    page.go_back()
    page.get_by_role("button", name="Let nothing of the past count").click()
    page.get_by_text("Edited: nothing of the past").wait_for()
    assert page.get_by_label("History", exact=True).locator("li").count() > 0, "what they did is still told"
    page.get_by_role("button", name="See the list").click()
    page.locator(".card:not(.bone)").first.wait_for()
    after = page.locator(".card h2").all_inner_texts()
    assert after != before
    page.context.close()
    page = visitor("/users/reader-011")  # another browser, on another day
    page.get_by_text("Edited: nothing of the past").wait_for()
    page.get_by_role("button", name="See the list").click()
    page.locator(".card:not(.bone)").first.wait_for()
    assert page.locator(".card h2").all_inner_texts() == after
    page.go_back()
    page.get_by_role("button", name="Take all edits back").click()
    page.locator(".interests li").first.wait_for()
    page.get_by_role("button", name="See the list").click()
    page.locator(".card:not(.bone)").first.wait_for()
    assert page.locator(".card h2").all_inner_texts() == before


def test_edits_made_in_two_browsers_come_together(visitor):
    one, other = visitor("/users/reader-013"), visitor("/users/reader-013")
    for page in (one, other):
        page.locator(".interests li").first.wait_for()
        connected(page)
    first, second = one.locator(".interests strong").all_inner_texts()[:2]
    one.get_by_role("button", name=f"Less of {first}", exact=True).click()
    one.get_by_text(f"Edited: {first} -0.5").wait_for()
    other.get_by_role("button", name=f"Remove {second}", exact=True).click()
    other.get_by_text(f"Edited: {first} -0.5 · without {second}").wait_for()
    other.get_by_role("button", name="Take all edits back").click()
    other.get_by_role("button", name="Take all edits back").wait_for(state="detached")


def test_who_may_only_read_sees_edits_and_cannot_change_them(visitor, keyed):
    seen = {}
    for role in ("write", "read"):
        page = visitor("/", url=keyed.url)
        page.get_by_label("Key").fill(keyed.keys[role])
        page.get_by_role("button", name="Sign in").click()
        page.locator(".card:not(.bone)").first.wait_for()
        page.goto("/users/reader-012")
        page.locator(".interests li").first.wait_for()
        connected(page)
        if role == "write":
            page.locator(".interests").get_by_role("button", name="Remove").first.click()
        page.get_by_text("Edited: without").wait_for()
        seen[role] = {
            name: page.get_by_role("button", name=name).count() > 0
            for name in ("Remove", "Let nothing of the past count", "Take all edits back")
        }
    assert set(seen["write"].values()) == {True}
    assert set(seen["read"].values()) == {False}


def test_the_file_holds_what_is_kept_and_erasing_leaves_nothing_in_the_store(visitor, service):
    page = visitor("/")
    page.locator(".card:not(.bone)").first.wait_for()
    connected(page)
    title = page.locator(".card h2").first.inner_text()
    page.locator(".card").first.get_by_role("button", name="Like", exact=True).click()
    page.get_by_text(f"You like {title}.").first.wait_for()
    page.get_by_role("link", name="Interests and history").click()
    page.get_by_role("button", name="Export").wait_for()
    page.locator(".interests").get_by_role("button", name="Remove").first.click()
    page.get_by_text("Edited: without").wait_for()
    user = page.locator("h1").inner_text()

    def kept():
        with open_store(str(service.store)) as store:
            return [row for kind in KINDS for row in stream(store, kind) if row.user == user]

    with page.expect_download() as file:
        page.get_by_role("button", name="Export").click()
    told = json.loads(file.value.path().read_text())
    assert [row["kind"] for row in told["Feedback"]] == ["like"]
    assert len(told["EditsVersion"][0]["edits"]["removed"]) == 1
    assert kept()
    page.get_by_role("button", name="Erase").click()
    page.get_by_role("button", name="Erase for good").click()
    page.get_by_role("dialog").get_by_text("Proof").wait_for()
    assert kept() == []
    page.get_by_role("button", name="Close").click()
    page.get_by_text("No events are known.").wait_for()


def test_an_id_that_nobody_can_have_is_said_and_a_long_one_fits_on_a_phone(visitor):
    page = visitor(f"/users/{'x' * 300}", width=390)
    page.get_by_role("heading", name="This page cannot be shown").wait_for()
    page.get_by_text("256").first.wait_for()
    assert page.get_by_role("button", name="Erase").count() == 0
    page.goto(f"/users/{'x' * 256}")
    page.get_by_role("heading", name="x" * 256).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_chinese_page_an_error_says_in_chinese_what_kind_it_is(visitor):
    page = visitor(f"/users/{'x' * 300}", locale="zh-CN")
    page.get_by_role("heading", name="无法显示此页面").wait_for()
    told = page.locator("p.empty").inner_text()
    assert re.match("[^a-zA-Z]+引擎的说明：", told), told
    assert "256" in told
