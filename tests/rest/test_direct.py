"""The short way past the framework: the same answers, the same refusals, the same lines and figures."""

import json

import pytest

from llm4rec.apps.rest import direct
from llm4rec.apps.rest.logs import JsonLines

LONG = {"Content-Type": "application/json; charset=utf-8"}  # goes the framework's way
SHORT = {"Content-Type": "application/json"}
GOOD = {
    "/v1/recommend": {"user": "user-0", "n": 3, "context": {"device": "phone"}},
    "/v1/recommend/batch": {"requests": [{"user": "user-1"}, {"history": ["item-0"], "n": 2}]},
    "/v1/similar": {"items": ["item-0"], "n": 2},
    "/v1/feedback": {"events": [{"user": "ann", "item": "item-0", "kind": "click"}], "key": "once"},
    "/v1/users/edits/read": {"user": "ann"},
}
BAD = {
    "a wrong field": b'{"user": "user-0", "colour": 1}',
    "a wrong type": b'{"user": "user-0", "n": "3"}',
    "not a number": b'{"user": "user-0", "diversity": NaN}',
    "no object": b'["user-0"]',
    "no JSON": b'{"user": ',
    "no UTF-8": b'{"user": "\xff"}',
    "half a pair": rb'{"user": "\ud800"}',
    "too deep": b"[" * 100_000,
    "nothing": b"",
    "what the engine refuses": b'{"user": "user-0", "price": [1, 2], "allowed": [], "variant": "a", "query": " "}',
    "no such item": b'{"user": "user-0", "excluded": ["none"]}',
}


@pytest.fixture
def counted(monkeypatch):
    """Which paths were gone the short way."""
    paths = []
    real = direct._form

    def form(door, read):
        found = real(door, read)
        paths.extend([door.route.path] * (found is not None))
        return found

    monkeypatch.setattr(direct, "_form", form)
    return paths


def same(answer):
    """What both ways must share: all but the names that every answer has of its own."""
    told = answer.json()

    def plain(value):
        if isinstance(value, dict):
            own = ("impression", "request_id")
            return {name: plain(one) for name, one in value.items() if name not in own}
        return [plain(one) for one in value] if isinstance(value, list) else value

    own = ("x-request-id", "content-length", "date")
    return answer.status_code, plain(told), {k: v for k, v in answer.headers.items() if k not in own}


def test_answers_are_those_of_the_framework(running, counted):
    service = running(roles=("admin",))
    with service.client(service.keys["admin"]) as http:
        for path, body in GOOD.items():
            http.post(path, json=body, headers=LONG)  # what is kept once is told to be there from here on
            before = len(counted)
            long = http.post(path, content=json.dumps(body), headers=LONG)
            assert len(counted) == before, path
            short = http.post(path, content=json.dumps(body), headers=SHORT)
            assert counted[before:] == [path]
            assert same(short) == same(long)
            assert short.status_code == 200


@pytest.mark.parametrize("what", BAD)
def test_refusals_are_those_of_the_framework(running, what):
    service = running()
    with service.client() as http:
        long, short = (http.post("/v1/recommend", content=BAD[what], headers=way) for way in (LONG, SHORT))
    assert same(short) == same(long)


def test_typed_errors_and_low_roles_are_told_alike(running, counted):
    service = running(roles=("read",))
    with service.client(service.keys["read"]) as http:
        for path, body in {**GOOD, "/v1/describe": {"items": ["nowhere"]}}.items():
            long, short = (http.post(path, content=json.dumps(body), headers=way) for way in (LONG, SHORT))
            assert same(short) == same(long)
            assert short.status_code == {"/v1/describe": 404, "/v1/feedback": 403}.get(path, 200), path
    assert "/v1/describe" in counted
    assert "/v1/feedback" not in counted


def test_a_body_in_pieces_and_one_without_a_length_are_read_whole(running, counted):
    service = running()
    body = json.dumps(GOOD["/v1/recommend"]).encode()
    with service.client() as http:
        answer = http.post("/v1/recommend", content=iter([body[:9], body[9:]]), headers=SHORT)
    assert answer.status_code == 200
    assert counted == ["/v1/recommend"]


def test_lines_and_figures_name_the_route(running, caplog):
    service = running()
    with caplog.at_level("INFO", "llm4rec.rest"), service.client() as http:
        for _ in range(2):
            assert http.post("/v1/recommend", json=GOOD["/v1/recommend"]).status_code == 200
        figures = http.get("/metrics").text
    lines = [json.loads(JsonLines().format(one)) for one in caplog.records if one.name == "llm4rec.rest"]
    lines = [line for line in lines if line["route"] == "/v1/recommend"]
    assert [(line["status"], line["method"], line["event"]) for line in lines] == [
        (200, "POST", "request")
    ] * 2
    assert len({line["request_id"] for line in lines}) == 2
    assert 'llm4rec_requests_total{method="POST",route="/v1/recommend",status="200"} 2.0' in figures


def test_every_door_with_one_form_is_in_the_table_and_in_the_document(running):
    service = running()
    doors = direct.doors_of(route for route in _routes(service.app))
    document = service.app.openapi()
    assert set(GOOD) < set(doors)
    assert len(doors) >= 15
    for path, door in doors.items():
        told = document["paths"][path]["post"]
        assert told["x-role"] == door.role
        assert told["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith(
            f"/{door.form.__name__}"
        )


def _routes(app):
    from llm4rec.apps.rest.app import ROUTES

    return (route for module in ROUTES for route in module.router.routes)
