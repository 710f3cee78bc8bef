"""Who is let in, how often, with how much, and what an error looks like."""

import json
import threading
import time

import pytest

from llm4rec.apps.rest import keys
from llm4rec.apps.rest.app import create_app
from llm4rec.apps.rest.limits import Buckets
from llm4rec.apps.rest.logs import JsonLines
from llm4rec.apps.rest.options import ServeSettings
from llm4rec.apps.rest.serving import check_door
from llm4rec.core import SettingsError, StoreBusyError, StoreFullError
from llm4rec.store import open_store

ASK = {"user": "user-0", "n": 2}


def all_routes(app):
    """Every route that the application has, whatever its document says."""
    found = []

    def walk(routes, prefix=""):
        for route in routes:
            inner = getattr(route, "original_router", None) or getattr(route, "app", None)
            if getattr(route, "methods", None):
                found.extend((method, route.path) for method in route.methods)
            elif hasattr(inner, "routes"):
                walk(inner.routes, prefix)

    walk(app.routes)
    return sorted(set(found))


def test_no_route_answers_without_a_key(running):
    service = running(roles=("read",))
    routes = all_routes(service.app)
    assert len(routes) >= 28
    with service.client() as http:
        for method, path in [*routes, ("GET", "/docs"), ("GET", "/v1/nothing"), ("GET", "/")]:
            status = http.request(method, path.replace("{name}", "x"), json={}).status_code
            assert status == (200 if path in ("/health", "/ready") else 401), (method, path, status)


def test_roles_open_what_they_should(running):
    service = running(roles=("read", "write", "admin"))
    event = {"events": [{"user": "ann", "item": "item-0", "kind": "click"}]}
    routes = {"/v1/recommend": ASK, "/v1/feedback": event, "/v1/users/erase": {"user": "ann"}}
    said = {"edits": [{"user": "ann", "edits": {}}]}
    routes = {"/v1/users/edits/read": {"user": "ann"}, "/v1/users/edits": said, **routes}
    routes = {"/v1/users/edits/delete": {"ids": ["ann"]}, **routes}
    wanted = {
        "read": [403, 200, 403, 200, 403, 403],
        "write": [200, 200, 200, 200, 200, 403],
        "admin": [200] * 6,
    }
    for role, statuses in wanted.items():
        with service.client(service.keys[role]) as http:
            assert [http.post(path, json=body).status_code for path, body in routes.items()] == statuses, role
            assert http.get("/v1/figures").status_code == statuses[-1], role


@pytest.mark.parametrize("token", ["~", "x", "l4r~default~aa~bb", "l4r~~~", "l4r~default~\u00e9"])
def test_wrong_keys_are_refused(running, token):
    service = running(roles=("read",))
    with service.client() as http:
        answer = http.post("/v1/recommend", json=ASK, headers={"Authorization": f"Bearer {token}".encode()})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "Unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_revoked_key_is_refused_and_the_last_one_leaves_no_open_door(running, monkeypatch):
    service = running(roles=("read",))
    monkeypatch.setattr(keys, "FRESH", 0.0)
    with service.client(service.keys["read"]) as http:
        assert http.post("/v1/recommend", json=ASK).status_code == 200
        keys.revoke(service.live.store, service.keys["read"].rpartition("~")[0].partition("~")[2])
        assert http.post("/v1/recommend", json=ASK).status_code == 401
    with service.client() as http:
        assert http.post("/v1/recommend", json=ASK).status_code == 401


def test_the_store_holds_no_key(running, tmp_path):
    service = running(roles=("read",))
    secret = service.keys["read"].rpartition("~")[2]
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("shop.db*"))
    assert service.keys["read"].split("~")[2].encode() in kept
    assert secret.encode() not in kept


def test_tenants_see_nothing_of_each_other(running):
    service = running(roles=("admin",))
    other = keys.create(service.live.store, "admin", tenant="acme")
    with service.client(service.keys["admin"]) as ours, service.client(other) as theirs:
        ours.post("/v1/feedback", json={"events": [{"user": "ann", "item": "item-0", "kind": "click"}]})
        ours.put("/v1/experiments/mine", json={"variants": {"a": 1.0, "b": 1.0}})
        assert theirs.post("/v1/users/export", json={"user": "ann"}).json()["person"]["Feedback"] == []
        assert theirs.get("/v1/experiments").json()["experiments"] == {}
        assert theirs.post("/v1/recommend", json=ASK).json()["degraded"]
        assert len(ours.post("/v1/users/export", json={"user": "ann"}).json()["person"]["Feedback"]) == 1


def test_without_keys_only_loopback_and_only_its_own_names(running, tmp_path):
    url = str(tmp_path / "other.db")
    with pytest.raises(SettingsError, match="keys create"):
        check_door(url, ServeSettings(host="0.0.0.0"))
    check_door(url, ServeSettings(host="127.0.0.1"))
    with open_store(url) as store:
        keys.create(store, "read")
    check_door(url, ServeSettings(host="0.0.0.0"))
    service = running()
    with service.client() as http:
        assert http.post("/v1/recommend", json=ASK).status_code == 200
        answer = http.post("/v1/recommend", json=ASK, headers={"Host": "evil.example"})
        assert answer.status_code == 403


def test_buckets_let_through_a_burst_and_then_the_rate():
    buckets = Buckets(rate=2.0, burst=3)
    assert [buckets.wait("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.wait("b", 0.0) == 0.0
    assert buckets.wait("a", 0.5) == 0.0
    assert buckets.wait("a", 0.5) > 0.0


def test_too_many_requests_are_told_when_to_come_again(running):
    service = running(rate=0.01, burst=2)
    with service.client() as http:
        answers = [http.post("/v1/recommend", json=ASK) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) >= 90
    assert answers[2].json()["error"]["type"] == "TooMany"


def test_large_bodies_are_refused_with_and_without_a_length(running):
    service = running(body_bytes=1_000)
    body = json.dumps({"user": "x" * 2_000}).encode()
    kind = {"content-type": "application/json"}
    with service.client() as http:
        assert http.post("/v1/recommend", content=body, headers=kind).status_code == 413
        assert http.post("/v1/recommend", content=iter([body]), headers=kind).status_code == 413
        small = json.dumps(ASK).encode()
        assert http.post("/v1/recommend", content=iter([small]), headers=kind).status_code == 200


BAD = {
    "n": {"user": "a", "n": 0},
    "many": {"user": "a", "n": 1001},
    "strange": {"user": "a", "x": 1},
    "bool": {"user": True},
    "long": {"user": "a" * 257},
    "empty": {"user": ""},
    "text": {"user": "a", "n": "5"},
    "both": {"user": "a", "query": "x" * 2_000},
    "nothing": None,
    "list": [1, 2],
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_wrong_question_is_told_where_it_is_wrong_and_never_what_it_said(http, name):
    answer = http.post("/v1/recommend", json=BAD[name])
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert set(error) == {"type", "what", "remedy", "request_id"}
    assert error["what"].startswith("body")
    assert error["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"", b'{"user": "\\ud800"}', b"NaN", b"[" * 50_000])
def test_a_body_that_is_no_json_is_no_error_of_ours(http, body):
    answer = http.post("/v1/recommend", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert "error" in answer.json()


@pytest.mark.parametrize(
    ("route", "status"),
    [("GET /v1/nothing", 404), ("GET /v1/recommend", 405), ("POST /v1/similar", 404)],
)
def test_other_errors_have_the_same_shape(http, route, status):
    method, path = route.split()
    body = {"item": "no-such", "user": "a"} if path == "/v1/similar" else None
    if body:
        path = "/v1/reports"
    answer = http.request(method, path, json=body)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"type", "what", "remedy", "request_id"}


@pytest.mark.parametrize(
    ("error", "retry"), [(StoreBusyError("locked"), "1"), (StoreFullError("full"), "30")]
)
def test_a_store_that_cannot_write_is_503_and_nothing_was_kept(running, monkeypatch, error, retry):
    service = running()
    event = {"events": [{"user": "ann", "item": "item-0", "kind": "click"}]}

    def refuse(*rows, **more):
        raise error

    with service.client() as http:
        monkeypatch.setattr(service.live.store, "append", refuse)
        answer = http.post("/v1/feedback", json=event)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, retry)
        assert answer.json()["error"]["type"] == type(error).__name__
        monkeypatch.undo()
        assert http.post("/v1/feedback", json=event).status_code == 200
    assert len(service.live.export("ann")["Feedback"]) == 1


def lines_of(caplog, count):
    """The log, once it has so many lines: a line is written after its answer went out."""
    until = time.monotonic() + 10
    while True:
        lines = [JsonLines().format(record) for record in caplog.records if record.name == "llm4rec.rest"]
        if len(lines) >= count:
            return lines
        assert time.monotonic() < until, lines
        time.sleep(0.01)


def test_an_error_of_ours_is_a_500_with_a_request_id_and_a_log_line_without_words(
    running, monkeypatch, caplog
):
    service = running()

    def broken(*question, **more):
        raise ZeroDivisionError("ann bought a secret")

    monkeypatch.setattr(service.live, "similar", broken)
    with caplog.at_level("INFO", "llm4rec.rest"), service.client() as http:
        answer = http.post("/v1/similar", json={"items": ["item-0"]}, headers={"X-Request-Id": "mine-1"})
    assert answer.status_code == 500
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"] == "mine-1"
    assert "secret" not in answer.text
    lines = lines_of(caplog, 1)
    (line,) = [json.loads(one) for one in lines if "mine-1" in one]
    assert line["error"].startswith("ZeroDivisionError at ")
    assert (line["route"], line["status"], line["level"]) == ("/v1/similar", 500, "error")
    assert "secret" not in "".join(lines)


def test_the_log_holds_neither_keys_nor_people_nor_words(running, caplog):
    service = running(roles=("write",))
    with caplog.at_level("INFO", "llm4rec.rest"), service.client(service.keys["write"]) as http:
        http.post("/v1/ask", json={"text": "my-private-wish", "user": "user-0"})
        http.get("/v1/experiments/x/variant?user=private-person")
    text = "".join(lines_of(caplog, 2))
    assert "/v1/ask" in text
    assert not [word for word in ("private", service.keys["write"]) if word in text]


def test_a_route_without_a_role_is_found(board, tmp_path):
    """The walk above sees routes that are added by the plainest means."""
    from llm4rec.engine.live import open_live

    with open_store(str(tmp_path / "w.db")) as store:
        app = create_app(open_live(board, store))
        app.add_api_route("/leak", lambda: {})
        assert ("GET", "/leak") in all_routes(app)


def test_many_at_once_get_each_their_own_answer(open_house):
    found = {}

    def ask(n):
        with open_house.client() as http:
            body = {"history": ["item-0" if n % 2 else "item-1"], "n": 1 + n % 5}
            found[n] = http.post("/v1/recommend", json=body)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, answer in found.items():
        assert answer.status_code == 200
        assert len(answer.json()["items"]) == 1 + n % 5
        assert {row["title"] for row in answer.json()["items"]} == {"even number" if n % 2 else "odd number"}
