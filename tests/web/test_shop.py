"""The shop window in a real browser: each flow clicked through against a live service."""

import re

import pytest

from llm4rec.core import Feedback, Impression, stream
from llm4rec.store import open_store

from .waiting import connected, within

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=window.hurt=1><script>window.hurt=1</script>{{7*7}}"


CARDS = "getElement(Number(document.querySelector('.cards').id.slice(1)))"


def titles(page):
    return page.locator(".card:not(.gone) h2").all_inner_texts()


@pytest.fixture
def shop(visitor):
    """The shop window with its list."""

    def opened(**options):
        page = visitor("/", **options)
        page.locator(".card:not(.bone)").first.wait_for()
        connected(page)
        return page

    return opened


def changed(page, act):
    """Do something, and wait until the list is another; the new one."""
    before = titles(page)
    act()
    within(lambda: titles(page) not in (before, []))
    return titles(page)


def as_reader(page, reader):
    page.get_by_role("button", name="Whose list?").click()
    page.get_by_label("Search by id").fill(reader)
    page.get_by_role("button", name=reader).click()
    page.get_by_role("heading", name=f"For {reader}").wait_for()
    page.get_by_text("Because of").first.wait_for()


def test_a_list_with_reasons_and_the_label_that_its_data_are_synthetic(shop):
    page = shop()
    assert len(titles(page)) == 12
    page.get_by_text("Synthetic demo data").wait_for()
    as_reader(page, "reader-003")
    page.get_by_text("Last:").wait_for()


def test_a_slider_moves_the_list_and_tells_its_price(shop):
    page = shop()
    as_reader(page, "reader-004")
    knob = page.get_by_role("slider", name="Diversity")
    changed(page, lambda: knob.fill("0.9"))
    page.get_by_text(
        re.compile(r"costs [\d.]+ % of relevance \(-?[\d.]+ to -?[\d.]+\) · variety \+")
    ).wait_for()


def test_thumbs_stars_and_not_for_me_change_the_list_and_are_kept(shop, service):
    page = shop()
    first = titles(page)[0]
    card = page.locator(".card").first
    after = changed(page, lambda: card.get_by_role("button", name="Not for me").click())
    assert first not in after
    second = after[0]
    after = changed(page, lambda: card.get_by_role("button", name="Like", exact=True).click())
    page.get_by_text(f"You like {second}.").first.wait_for()
    assert second not in after
    third = after[0]
    changed(page, lambda: card.get_by_role("button", name="5 of 5 stars").click())
    user = page.get_by_role("link", name="Interests and history").get_attribute("href").rpartition("/")[2]
    with open_store(str(service.store)) as store:
        rows = [row for row in stream(store, Feedback) if row.user == user]
    assert [(row.kind, row.value) for row in rows] == [("hide", None), ("like", None), ("rating", 5.0)]
    assert all(row.impression for row in rows)
    page.get_by_text(f"Last: {third}").wait_for()


def test_a_double_click_is_one(shop, service):
    page = shop()
    first, second = titles(page)[:2]
    changed(page, page.locator(".card").first.get_by_role("button", name="Not for me").dblclick)
    page.wait_for_timeout(500)
    assert first not in titles(page)
    assert second in titles(page)


def test_a_wish_is_told_as_chips_and_each_can_be_taken_back(shop):
    page = shop()
    field = page.get_by_label("What are you looking for?")
    field.fill("crime novels, no horror")
    changed(page, lambda: field.press("Enter"))
    chips = page.locator(".wishing .chip")
    assert chips.all_inner_texts() == [
        "only Crime (categories)",
        "only novel (form)",
        "no Ghosts (categories)",
    ]
    changed(page, lambda: page.get_by_role("slider", name="Diversity").fill("1"))
    page.get_by_text(re.compile(r"costs [\d.]+ % of relevance")).wait_for()
    assert len(chips.all_inner_texts()) == 3
    changed(page, page.get_by_role("button", name="Take back: only Crime (categories)").click)
    assert "only Crime (categories)" not in chips.all_inner_texts()


def test_what_was_understood_can_be_said_anew_in_its_place(shop):
    page = shop()
    field = page.get_by_label("What are you looking for?")
    field.fill("crime novels, no horror")
    changed(page, lambda: field.press("Enter"))
    page.get_by_role("button", name="no Ghosts (categories)", exact=True).click()
    page.get_by_text("take the place of this one").first.wait_for()
    within(lambda: field.input_value() != "")
    assert field.input_value() == "no horror"
    field.fill("no poetry, in French")
    field.press("Enter")
    chips = page.locator(".wishing .chip")
    page.get_by_text("only French (language)").first.wait_for()
    told = chips.all_inner_texts()
    assert told[:2] == ["only Crime (categories)", "only novel (form)"]
    assert "no Ghosts (categories)" not in told
    assert any(one.startswith("no poetry") for one in told[2:])


def test_a_sentence_about_the_list_changes_it_and_can_be_taken_back(shop):
    page = shop()
    before = titles(page)
    field = page.get_by_label("Say something about this list")
    field.fill("I hated the first one, and no novels")
    after = changed(page, lambda: field.press("Enter"))
    assert before[0] not in after
    page.get_by_text("no novel (form)").wait_for()
    for _ in range(2):
        changed(page, page.locator(".wishing .chip button").first.click)
    assert titles(page) == before


def test_why_this_shows_evidence_and_what_it_hangs_on(shop):
    page = shop()
    as_reader(page, "reader-005")
    page.get_by_role("button", name="Why this?").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="Evidence").wait_for()
    assert dialog.get_by_text("without that the score falls by").count() > 0
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_somebody_new_begins_with_what_they_like(shop):
    page = shop()
    page.get_by_role("button", name="Whose list?").click()
    page.get_by_role("dialog").locator("[aria-pressed]").first.click()
    page.get_by_label("Or find others by title").fill("dracula")
    page.get_by_role("button", name="Dracula", exact=True).click()
    page.get_by_role("button", name="Show my list").click()
    page.get_by_text("Because of").first.wait_for()
    assert "Dracula" in page.locator(".last").inner_text()


def test_a_click_that_a_new_list_overtakes_is_about_what_was_clicked(shop, service):
    page = shop()
    as_reader(page, "reader-011")
    before = page.evaluate(f"{CARDS}.shown.map((one) => one.key)")
    changed(page, lambda: page.get_by_role("slider", name="Diversity").fill("1"))
    after = page.evaluate(f"{CARDS}.shown.map((one) => one.key)")
    overtaken = next(key for key in before if key not in after)
    for key in ("nothing", overtaken):
        page.evaluate(f"(key) => {CARDS}.$emit('act', {{ key, kind: 'hide', value: null }})", key)
    page.get_by_text(" is not for you.").first.wait_for()
    with open_store(str(service.store)) as store:
        (kept,) = [row for row in stream(store, Feedback) if row.user == "reader-011"]
        (list_,) = [row for row in stream(store, Impression) if row.id == kept.impression]
    assert kept.item == overtaken
    assert [str(slot.item) for slot in list_.slots] == before


def test_a_new_item_lands_and_hostile_texts_stay_text(shop):
    page = shop()
    as_reader(page, "reader-006")
    page.get_by_role("button", name="Add a new item").click()
    page.get_by_label("Title", exact=True).fill(HOSTILE)
    page.get_by_label("Description").fill("A smuggler keeps a lighthouse at sea. " + HOSTILE)
    page.get_by_role("button", name="Put it on the shelf").click()
    page.get_by_text(re.compile(r"Among the first 10 for \d+ of 120 readers")).wait_for()
    page.get_by_text(HOSTILE, exact=False).first.wait_for()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("dialog").wait_for(state="hidden")  # until then nothing behind it can be typed into
    page.get_by_label("What are you looking for?").fill("smuggler lighthouse " + HOSTILE)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("heading", name=HOSTILE, exact=True).wait_for()
    page.locator(".card", has_text="<img src=x").get_by_role("button", name="Why this?").click()
    page.get_by_role("dialog").get_by_role("heading", name="Why <img").wait_for()
    assert page.evaluate("window.hurt") is None
    assert page.locator("img[src='x']").count() == 0


def test_a_phone_has_no_sideways_scroll(shop):
    page = shop(width=360, height=740)
    as_reader(page, "reader-007")
    for path in ("/", "/chat", "/users", "/users/reader-007"):
        page.goto(path)
        page.locator("h1").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_keyboard_alone_is_enough(shop):
    page = shop()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")

    def to(name):
        for _ in range(80):
            page.keyboard.press("Tab")
            if (
                page.evaluate(
                    "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
                )
                == name
            ):
                return
        raise AssertionError(f"Tab does not reach {name}")

    to("What are you looking for?")
    page.keyboard.type("poetry")
    changed(page, lambda: page.keyboard.press("Enter"))
    to("Take back: only poetry (form) or Poetry (categories)")
    changed(page, lambda: page.keyboard.press("Space"))
    to("Diversity")
    changed(page, lambda: page.keyboard.press("End"))
    to("Why this?")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    to("Like")
    changed(page, lambda: page.keyboard.press("Enter"))
