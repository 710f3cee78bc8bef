"""Who is let in: host, origin, session, key and role; and what the answers allow a browser to do."""

import json
import re

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from llm4rec.apps.rest import keys
from llm4rec.store import open_store

from .conftest import _begun, _ready
from .waiting import connected, within


@pytest.fixture
def http(service):
    with httpx2.Client(base_url=service.url) as client:
        yield client


def test_the_page_is_strict_about_scripts_frames_and_its_cookie(http):
    answer = http.get("/")
    policy = answer.headers["content-security-policy"]
    nonce = re.search(r"'nonce-([\w-]+)'", policy)[1]
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert set(re.findall(r'<script nonce="([^"]*)"', answer.text)) == {nonce}
    assert "<script " in answer.text
    assert not re.search(r"<script(?! nonce)", answer.text)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert (
        "Secure" in http.get("/", headers={"x-forwarded-proto": "https", "cookie": ""}).headers["set-cookie"]
    )


def test_no_outside_address_is_named(http):
    outside = set(re.findall(r"https?://[\w.-]+", http.get("/").text))
    assert outside <= {"http://www.w3.org"}


def test_another_name_of_this_machine_is_refused_for_page_and_socket(http, service):
    assert http.get("/", headers={"host": "evil.example"}).status_code == 403
    assert _socket(service.url, _cookie(http), host="evil.example", origin="http://evil.example") == 403


def test_a_socket_is_for_the_page_it_belongs_to(http, service):
    cookie, own = _cookie(http), service.url
    assert _socket(own, cookie, origin=own) == 101
    assert _socket(own, cookie, origin="http://evil.example") == 403
    assert _socket(own, cookie, origin=None) == 403
    assert _socket(own, "llm4rec=made-up", origin=own) == 403
    mine = re.search(r"'client_id': '([\w-]+)'", http.get("/").text)[1]
    with httpx2.Client(base_url=own) as other:
        assert _socket(own, _cookie(other), origin=own, client=mine) == 403


def test_rest_answers_as_before_beside_the_page(http):
    assert http.get("/v1/nothing").json()["error"]["type"] == "NoSuchRoute"
    assert http.get("/v1/recommend").status_code == 405
    assert http.get("/health").json() == {"status": "ok"}
    assert http.get("/nothing").status_code == 404


def test_without_a_key_there_is_the_form_alone(keyed):
    with httpx2.Client(base_url=keyed.url) as http:
        answer = http.get("/users/reader-001")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/users/reader-001")
        assert "set-cookie" not in answer.headers
        wrong = {"data": {"key": "l4r~default~x~y"}}
        assert http.post("/sign-in", **wrong, headers={"origin": keyed.url}).status_code == 401
        right = {"data": {"key": keyed.keys["read"]}}
        assert http.post("/sign-in", **right, headers={"origin": "http://evil.example"}).status_code == 403
        assert http.post("/sign-in", **right).status_code == 403
        entered = http.post("/sign-in?next=//evil.example", **right, headers={"origin": keyed.url})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert http.get("/").status_code == 200
        assert keyed.keys["read"] not in http.get("/").text
    assert keyed.keys["read"].rpartition("~")[2] not in (keyed.store.parent / "log").read_text()


def test_a_revoked_key_ends_its_sessions(keyed):
    with open_store(str(keyed.store)) as store:
        made = keys.create(store, "read")
    with httpx2.Client(base_url=keyed.url) as http:
        within(
            lambda: (
                http.post("/sign-in", data={"key": made}, headers={"origin": keyed.url}).status_code == 303
            )
        )
        assert http.get("/").status_code == 200
        with open_store(str(keyed.store)) as store:
            keys.revoke(store, made.rpartition("~")[0].partition("~")[2])
        within(lambda: http.get("/").status_code == 303)


@pytest.mark.browser
def test_roles_decide_what_is_there(visitor, keyed):
    def signed_in(role):
        page = visitor("/", url=keyed.url)
        page.get_by_label("Key").fill(keyed.keys[role])
        page.get_by_role("button", name="Sign in").click()
        page.locator(".card:not(.bone)").first.wait_for()
        return page

    reading = signed_in("read")
    assert reading.get_by_role("button", name="Like", exact=True).count() == 0
    assert reading.get_by_role("button", name="Add a new item").count() == 0
    reading.goto("/users/reader-001")
    reading.get_by_role("heading", name="Interests").wait_for()
    assert reading.get_by_role("button", name="Erase").count() == 0
    assert signed_in("write").get_by_role("button", name="Like", exact=True).count() > 0
    admin = signed_in("admin")
    admin.goto("/users/reader-001")
    admin.get_by_role("button", name="Erase").wait_for()
    admin.get_by_role("button", name="Sign out").click()
    admin.get_by_role("heading", name="Sign in").wait_for()
    admin.goto("/")
    admin.get_by_role("heading", name="Sign in").wait_for()


@pytest.mark.browser
def test_an_open_page_finds_a_service_that_was_started_anew(chromium, shop_engine, tmp_path):
    def enter():
        page.get_by_label("Key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        page.locator(".card:not(.bone)").first.wait_for()

    service = _ready(_begun(tmp_path, shop_engine, ("read",)))
    key, context = service.keys["read"], chromium.new_context(base_url=service.url)
    try:
        page = context.new_page()
        page.goto("/")
        enter()
        connected(page)
        service.stop()
        page.get_by_text("Trying to reconnect").wait_for()
        service = _ready(_begun(tmp_path, shop_engine, port=int(service.url.rpartition(":")[2])))
        enter()  # who was signed in was known to the other process alone
    finally:
        context.close()
        service.stop()


def _cookie(http):
    http.get("/")
    return f"llm4rec={http.cookies['llm4rec']}"


def _socket(url, cookie, origin, host=None, client="none"):
    """The status that a socket is answered with."""
    headers = {"cookie": cookie, **({"host": host} if host else {})}
    address = (
        f"{url.replace('http', 'ws', 1)}/_nicegui_ws/socket.io/?EIO=4&transport=websocket&client_id={client}"
    )
    try:
        with connect(address, origin=origin, additional_headers=headers) as socket:
            assert json.loads(socket.recv()[1:])["sid"]
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
