"""What stands around every page: language, light, navigation; and that words are told in both languages."""

import pytest

from llm4rec.apps.web.words import LANGUAGES, preferred, words_in


def test_both_languages_say_the_same_things():
    told = [words_in(language).told for language in LANGUAGES]
    assert told[0].keys() == told[1].keys()
    assert all(text.strip() for one in told for text in one.values())


def test_values_stand_in_the_same_places_of_both_languages():
    import string

    def holes(text):
        return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)

    english, chinese = (words_in(language).told for language in LANGUAGES)
    assert {key: holes(text) for key, text in english.items()} == {
        key: holes(text) for key, text in chinese.items()
    }


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de-DE, en;q=0.5, zh;q=0.1", "en"), ("", "en")],
)
def test_the_language_is_what_the_browser_asks_for_first(accepted, language):
    assert preferred(accepted) == language


@pytest.mark.browser
def test_the_language_changes_by_a_button_and_stays(visitor):
    page = visitor()
    page.get_by_role("button", name="中文").click()
    page.get_by_role("link", name="橱窗").wait_for()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.reload()
    page.get_by_role("link", name="橱窗").wait_for()


@pytest.mark.browser
def test_dark_light_and_automatic(visitor):
    page = visitor(color_scheme="dark")
    light = page.get_by_role("button", name="Light:")
    dark = page.locator("body.body--dark")
    dark.wait_for()  # as the system
    light.click()
    light.click()
    page.locator("body.body--light").wait_for()
    page.reload()
    page.locator("body.body--light").wait_for()
