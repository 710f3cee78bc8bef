"""What a browser gets first: the page as HTML before any script, few and small files, and what was done meanwhile."""

import gzip

import httpx2
import pytest

from llm4rec.apps.web.early import html
from llm4rec.apps.web.files import ALL, LIBRARY, OURS, THEIRS, address
from llm4rec.apps.web.lighter import lighter

from .waiting import connected, within

PAGES = ("/", "/chat", "/users", "/users/reader-001", "/reports")
HOSTILE = "</h2></div><svg onload=window.hurt=1><script>window.hurt=1</script>{{7*7}}`${1}"
LATE = ' page late"'
TREE = """(given) => {
  const own = new Set(['id', 'value', 'style', 'autofocus']);
  const tree = (one) => [one.tagName,
    [...one.attributes].filter((a) => !own.has(a.name)).map((a) => `${a.name}=${a.value}`).sort(),
    one.children.length ? [...one.children].map(tree) : one.textContent];
  const sent = new DOMParser().parseFromString(given, 'text/html').querySelector('#early');
  return [sent, document.querySelector('#app')].map((one) => JSON.stringify([...one.children].map(tree)));
}"""


@pytest.fixture
def http(service):
    with httpx2.Client(base_url=service.url) as client:
        yield client


def held(page, path="/"):
    """The page as it is before its scripts come; they are let go by what is returned."""
    waiting = []

    def wait(route):
        waiting.append(route)

    def whole():
        waiting.clear()
        page.goto(path, wait_until="commit")
        page.locator("#early .foot").wait_for()
        return not page.locator("#early .late").count()

    page.route("**/parts.js*", wait)
    within(whole)

    def go():
        within(lambda: waiting)
        for one in waiting:
            one.continue_()
        page.unroute("**/parts.js*")
        connected(page)

    return go


def sent(get, path):
    """The page as it is sent by an engine that answers in time: otherwise it goes out without what is late."""
    found = []

    def whole():
        text = get(path).text
        found[:] = [text() if callable(text) else text]
        return LATE not in found[0]

    within(whole)
    return found[0]


def test_attributes_are_escaped():
    assert html("p", {"title": '"><script>', "hidden": None, "open": True}) == (
        '<p title="&quot;&gt;&lt;script&gt;" open=""></p>'
    )
    assert html("input", {"value": 1}) == '<input value="1">'


def test_what_no_page_uses_is_left_out_and_only_there():
    sheet = b'@import url("/_nicegui/4.0/static/quasar.important.prod.css") layer(x);'
    script = b'<script defer src="/_nicegui/4.0/static/quasar.umd.prod.js"></script>'
    kept = b'<script defer src="/_nicegui/4.0/static/nicegui.js"></script>'
    said = b'<div id="early" class="auto">' + script
    assert lighter(sheet + script + kept + said) == kept + said


def test_the_first_answer_has_the_list(http):
    early = sent(http.get, "/").partition('<div id="early"')[2]
    assert early.count('<li class="card">') == 12
    assert "Many people take it" in early
    assert "bone" not in early.partition("<script")[0]


def test_files_are_compressed_and_asked_for_once(http):
    for path in (address(ALL), address("parts.js"), *(f"{THEIRS}static/{name}" for name in LIBRARY)):
        plain = http.get(path, headers={"accept-encoding": "identity"})
        pressed = http.get(path)
        assert (plain.status_code, pressed.status_code) == (200, 200), path
        assert plain.content == pressed.content
        assert "content-encoding" not in plain.headers
        assert pressed.headers["content-encoding"] == "gzip"
        assert int(pressed.headers["content-length"]) < len(plain.content)
        assert pressed.headers["vary"] == "accept-encoding"
        assert "immutable" in pressed.headers["cache-control"]
        assert pressed.headers["x-content-type-options"] == "nosniff"
        known = {"if-none-match": pressed.headers["etag"]}
        assert http.get(path, headers=known).status_code == 304


def test_another_digest_is_not_kept_for_ever(http):
    for path in (f"{OURS}parts.js", f"{OURS}parts.js?old"):
        answer = http.get(path)
        assert answer.headers["cache-control"] == "no-cache"
        assert "export async function begin" in answer.text
    assert http.get(f"{OURS}nothing.js").status_code == 404
    assert http.get(f"{OURS}%2e%2e/mount.py").status_code == 404
    assert http.get(f"{OURS}..%2fmount.py").status_code == 404
    assert "cache-control" not in http.get(f"{OURS}.%2fparts.js").headers


def test_parts_of_a_file_are_sent_when_asked_for(http):
    head = http.head(address(ALL))
    assert (head.status_code, head.content) == (200, b"")
    answer = http.get(f"{OURS}parts.js", headers={"range": "bytes=0-9"})
    assert (answer.status_code, len(answer.content)) == (206, 10)


@pytest.mark.browser
def test_a_first_visit_asks_for_little(visitor):
    sizes, asked = [], []
    page = visitor("about:blank")
    tool = page.context.new_cdp_session(page)
    tool.send("Network.enable")
    tool.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    connected(page)
    assert not [url for url in asked if "quasar" in url or "fonts" in url]
    assert len([url for url in asked if not url.startswith("data:")]) <= 9
    assert sum(sizes) < 200_000


@pytest.mark.browser
@pytest.mark.parametrize("path", PAGES)
def test_both_are_the_same(visitor, path):
    page = visitor(path)
    connected(page)
    page.locator("#app .page:not(.late)").wait_for()
    early, drawn = page.evaluate(TREE, sent(page.context.request.get, path))
    assert early == drawn


@pytest.mark.browser
def test_it_is_seen_without_any_script(visitor):
    page = visitor("/", java_script_enabled=False)
    within(lambda: not page.locator("#early .late").count() or page.reload() is None)
    assert page.locator("#early .card h2").first.is_visible()
    assert len(page.locator(".card h2").all_inner_texts()) == 12
    page.get_by_role("link", name="People").click()
    page.get_by_role("heading", name="People").wait_for()


@pytest.mark.browser
def test_light_and_dark_from_the_first_frame(visitor):
    def paper():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page = visitor("about:blank", color_scheme="dark")
    go = held(page)
    dark = paper()
    go()
    page.locator("body.body--dark").wait_for()
    assert paper() == dark
    for _ in range(2):
        page.get_by_role("button", name="Light:").click()
    page.locator("body.body--light").wait_for()
    go, light = held(page), paper()
    assert light != dark
    go()
    assert paper() == light


@pytest.mark.browser
def test_what_was_typed_and_clicked_before_is_not_lost(visitor):
    page = visitor("about:blank")
    go = held(page)
    field = page.get_by_label("What are you looking for?")
    field.press_sequentially("crime novels")
    page.get_by_role("button", name="Whose list?").click()
    field.focus()
    go()
    page.get_by_role("dialog").get_by_role("heading", name="Whose list?").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.locator("#early").count() == 0
    assert field.input_value() == "crime novels"
    assert page.evaluate("document.activeElement.ariaLabel") == "What are you looking for?"
    page.keyboard.press("Enter")
    page.get_by_role("button", name="only Crime (categories)", exact=True).wait_for()


@pytest.mark.browser
def test_a_card_clicked_before_counts(visitor):
    page = visitor("about:blank")
    go = held(page)
    titles = page.locator(".card:not(.gone) h2")
    first = titles.first.inner_text()
    page.locator(".card").first.get_by_role("button", name="Not for me").click()
    go()
    within(lambda: first not in titles.all_inner_texts())


@pytest.mark.browser
def test_hostile_texts_are_texts_before_scripts_too(visitor):
    page = visitor("/")
    connected(page)
    page.get_by_role("button", name="Add a new item").click()
    page.get_by_label("Title", exact=True).fill(HOSTILE)
    page.get_by_role("button", name="Put it on the shelf").click()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("dialog").wait_for(state="hidden")
    page.get_by_label("What are you looking for?").fill(HOSTILE)
    page.get_by_role("button", name="Find").click()
    page.locator(".card h2", has_text="<svg onload").first.wait_for()
    text = sent(page.context.request.get, "/")
    assert "&lt;svg onload=window" in text.partition('<div id="early"')[2]
    assert "<svg onload" not in text
    page.reload()
    page.locator("#app .card h2", has_text="<svg onload").first.wait_for()
    assert page.evaluate("window.hurt") is None


def test_gzip_is_what_it_says(http):
    with http.stream("GET", address("parts.js"), headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert b"export async function begin" in gzip.decompress(raw)
