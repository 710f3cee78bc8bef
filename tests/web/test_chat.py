"""The conversation in a real browser."""

import pytest

from .waiting import within

pytestmark = pytest.mark.browser


def test_what_is_said_is_remembered_and_can_be_removed(visitor):
    page = visitor("/chat")
    page.get_by_role("log").get_by_text("Hello!").wait_for()
    field = page.get_by_label("Your message")
    field.fill("crime novels, no horror")
    field.press("Enter")
    page.get_by_role("log").locator(".small").first.wait_for()
    kept = page.locator(".memory .chip")
    assert kept.all_inner_texts() == [
        "only Crime (categories)",
        "only novel (form)",
        "no Ghosts (categories)",
    ]
    page.get_by_role("button", name="Forget: no Ghosts (categories)").click()
    page.get_by_text("no Ghosts (categories)", exact=True).wait_for(state="detached")
    page.reload()
    page.get_by_text("crime novels, no horror").wait_for()  # a conversation outlives a reload
    assert kept.all_inner_texts() == ["only Crime (categories)", "only novel (form)"]
    page.get_by_role("button", name="Start over").click()
    page.get_by_text("Nothing yet.").wait_for()


def test_a_question_is_answered_by_a_click(visitor):
    page = visitor("/chat")
    options = page.get_by_role("group", name="Possible answers").get_by_role("button")
    options.first.wait_for()
    title = options.first.inner_text()
    options.first.click()
    page.locator(".memory .chip", has_text=title).wait_for()


def test_the_newest_words_are_in_sight(visitor):
    page = visitor("/chat", width=390, height=640)
    field = page.get_by_label("Your message")
    for text in ("crime novels", "something by a French author", "what do you remember?"):
        field.fill(text)
        field.press("Enter")
        page.locator(".line.theirs", has_text=text).wait_for()
    log = page.get_by_role("log")
    within(lambda: len(log.locator(".line.ours").all()) == 4)
    assert log.evaluate("log => log.scrollHeight > log.clientHeight")

    def beneath():
        """By how many pixels the newest words end below their frame; fonts and zoom leave fractions."""
        last, frame = log.locator(".line").last.bounding_box(), log.bounding_box()
        return last["y"] + last["height"] - frame["y"] - frame["height"]

    within(lambda: -300 < beneath() < 3)
