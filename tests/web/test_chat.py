"""The conversation in a real browser."""

import pytest

pytestmark = pytest.mark.browser


def test_what_is_said_is_remembered_and_can_be_removed(visitor):
    page = visitor("/chat")
    page.get_by_role("log").get_by_text("Hello!").wait_for()
    field = page.get_by_label("Your message")
    field.fill("crime novels, no horror")
    field.press("Enter")
    page.get_by_role("log").locator(".small").first.wait_for()
    kept = page.locator(".memory .chip")
    assert kept.all_inner_texts() == ["must: categories Crime", "must: form novel", "not: categories Ghosts"]
    page.get_by_role("button", name="Forget: not: categories Ghosts").click()
    page.get_by_text("not: categories Ghosts", exact=True).wait_for(state="detached")
    page.reload()
    page.get_by_text("crime novels, no horror").wait_for()  # a conversation outlives a reload
    assert kept.all_inner_texts() == ["must: categories Crime", "must: form novel"]
    page.get_by_role("button", name="Start over").click()
    page.get_by_text("Nothing yet.").wait_for()


def test_a_question_is_answered_by_a_click(visitor):
    page = visitor("/chat")
    options = page.get_by_role("group", name="Possible answers").get_by_role("button")
    options.first.wait_for()
    title = options.first.inner_text()
    options.first.click()
    page.locator(".memory .chip", has_text=title).wait_for()
