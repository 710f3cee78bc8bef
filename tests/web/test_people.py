"""A person's page in a real browser: interests in their own hands, their data as a file, and erasure that erases."""

import json

import pytest

from llm4rec.core import Feedback, Impression, stream
from llm4rec.store import open_store

from .waiting import connected

pytestmark = pytest.mark.browser


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
    page.get_by_role("button", name="See the list").click()
    page.locator(".card:not(.bone)").first.wait_for()
    assert page.locator(".card h2").all_inner_texts() != before


def test_the_file_holds_what_is_kept_and_erasing_leaves_nothing_in_the_store(visitor, service):
    page = visitor("/")
    page.locator(".card:not(.bone)").first.wait_for()
    connected(page)
    page.locator(".card").first.get_by_role("button", name="Like", exact=True).click()
    page.get_by_text("You like").first.wait_for()
    page.get_by_role("link", name="Interests and history").click()
    page.get_by_role("button", name="Export").wait_for()
    user = page.locator("h1").inner_text()

    def kept():
        with open_store(str(service.store)) as store:
            return [row for kind in (Feedback, Impression) for row in stream(store, kind) if row.user == user]

    with page.expect_download() as file:
        page.get_by_role("button", name="Export").click()
    told = json.loads(file.value.path().read_text())
    assert [row["kind"] for row in told["Feedback"]] == ["like"]
    assert kept()
    page.get_by_role("button", name="Erase").click()
    page.get_by_role("button", name="Erase for good").click()
    page.get_by_role("dialog").get_by_text("Proof").wait_for()
    assert kept() == []
    page.get_by_role("button", name="Close").click()
    page.get_by_text("No events are known.").wait_for()
