"""Every route once over a real socket, and what its document says of it."""

import pytest
from pydantic import TypeAdapter

from llm4rec.apps.rest import answers, examples, forms
from llm4rec.apps.rest.doors import ROLE
from llm4rec.core import AuditEntry

EVEN = ["item-0", "item-2", "item-4"]


def sent(http, route, body=None, status=200):
    method, path = route.split()
    answer = http.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def shaped(told, kind):
    """The answer has the shape that the document says."""
    TypeAdapter(kind).validate_python(told)
    return told


def test_recommend_names_impression_version_and_what_was_degraded(http, open_house):
    told = shaped(sent(http, "POST /v1/recommend", {"user": "stranger", "n": 3}), answers.List)
    assert len(told["items"]) == 3
    assert told["impression"]
    assert told["version"] == open_house.live.version
    assert "not known" in told["degraded"][0]


def test_a_history_is_answered_by_its_like(http):
    told = sent(http, "POST /v1/recommend", {"history": EVEN, "n": 5, "explain": True})
    shaped(told, answers.List)
    assert {row["title"] for row in told["items"]} == {"even number"}
    assert not {row["item"] for row in told["items"]} & set(EVEN)
    assert told["items"][0]["reasons"]


def test_limits_hold(http):
    body = {"history": EVEN, "n": 5, "allowed": ["item-6", "item-7"], "excluded": ["item-7"]}
    assert [row["item"] for row in sent(http, "POST /v1/recommend", body)["items"]] == ["item-6"]
    assert sent(http, "POST /v1/recommend", {"history": EVEN, "allowed": []})["items"] == []


def test_a_batch_is_answered_in_order(http):
    body = {"requests": [{"history": EVEN, "n": 2}, {"history": ["item-1", "item-3"], "n": 4}]}
    told = shaped(sent(http, "POST /v1/recommend/batch", body), answers.Lists)
    assert [len(one["items"]) for one in told["answers"]] == [2, 4]
    titles = [{row["title"] for row in one["items"]} for one in told["answers"]]
    assert titles == [{"even number"}, {"odd number"}]


def test_similar_explain_interests(http):
    told = shaped(sent(http, "POST /v1/similar", {"items": ["item-0"], "n": 3}), answers.List)
    assert {row["title"] for row in told["items"]} == {"even number"}
    told = sent(http, "POST /v1/explain", {"history": EVEN, "items": ["item-6"], "language": "en"})
    shaped(told, answers.Explained)
    assert told["explanations"][0]["item"] == "item-6"
    assert told["explanations"][0]["evidence"]
    told = shaped(sent(http, "POST /v1/interests", {"user": "user-0"}), answers.Profile)
    assert told["profile"]["events"] == 9


def test_words_are_read_and_conversations_go_on(http):
    told = shaped(sent(http, "POST /v1/ask", {"text": "odd number", "n": 3}), answers.Asked)
    assert {row["title"] for row in told["items"]} == {"odd number"}
    assert told["impression"]
    first = shaped(
        sent(http, "POST /v1/chat", {"text": "I like even number", "user": "user-0"}), answers.Said
    )
    again = sent(http, "POST /v1/chat", {"text": "thanks", "dialogue": first["dialogue"]})
    assert shaped(again, answers.Said)["act"] == "thanks"
    told = shaped(sent(http, "POST /v1/describe", {"items": ["item-0"]}), answers.Described)
    assert told["descriptions"][0]["item"] == "item-0"


def test_feedback_in_words_is_understood_and_kept(http, open_house):
    body = {"text": "I loved the first one", "user": "talker", "shown": ["item-1", "item-0"], "keep": True}
    told = shaped(sent(http, "POST /v1/remark", body), answers.Remarked)
    assert told["kept"] == 1
    kept = open_house.live.export("talker")["Feedback"]
    assert [(row["item"], row["kind"], row["text"]) for row in kept] == [("item-1", "like", body["text"])]
    later = sent(http, "POST /v1/recommend", {"user": "talker", "remarks": told["remarks"]})
    assert "item-1" not in [row["item"] for row in later["items"]]


def test_a_new_item_is_shown_in_the_next_answer_and_a_deleted_one_is_not(http):
    ask = {"history": EVEN, "allowed": ["item-new"]}
    assert sent(http, "POST /v1/recommend", ask)["items"] == []
    row = {"item": "item-new", "attributes": {"title": "even number"}}
    assert shaped(sent(http, "POST /v1/items", {"items": [row]}), answers.Kept)["rows"] == 1
    assert [one["item"] for one in sent(http, "POST /v1/recommend", ask)["items"]] == ["item-new"]
    shaped(sent(http, "POST /v1/items/delete", {"ids": ["item-new"]}), answers.Kept)
    assert sent(http, "POST /v1/recommend", ask)["items"] == []


def test_numbers_too_large_for_a_table_are_no_error_of_ours(http):
    rows = [{"item": "item-huge", "attributes": {"weight": 2**128}}]
    assert http.post("/v1/items", json={"items": rows}).status_code in (200, 422)


def test_a_person_is_exported_and_erased_with_a_proof(http):
    shaped(
        sent(http, "POST /v1/users", {"users": [{"user": "eva", "attributes": {"age": 31}}]}), answers.Kept
    )
    event = {"user": "eva", "item": "item-0", "kind": "click"}
    sent(http, "POST /v1/feedback", {"events": [event]})
    person = shaped(sent(http, "POST /v1/users/export", {"user": "eva"}), answers.Exported)["person"]
    assert [row["item"] for row in person["Feedback"]] == ["item-0"]
    assert person["UserVersion"][0]["attributes"] == {"age": 31}
    proof = shaped(sent(http, "POST /v1/users/erase", {"user": "eva"}), answers.Erased)
    assert proof["complete"]
    assert proof["store"]["before"]["interactions"] == 1
    assert proof["store"]["after"]["interactions"] == 0
    assert sent(http, "POST /v1/users/export", {"user": "eva"})["person"]["Feedback"] == []
    shaped(sent(http, "POST /v1/users/delete", {"ids": ["eva"]}), answers.Kept)


def test_edits_of_a_profile_are_kept_read_and_taken_back(http, open_house):
    ask = {"user": "user-5", "n": 5}
    wish = {"user": "user-5", "text": "number", "n": 20}
    first = sent(http, "POST /v1/recommend", ask)["items"]
    asked = sent(http, "POST /v1/ask", wish)["items"]
    row = {"user": "user-5", "edits": {"removed": ["odd"], "keywords": {"number": 0.5}}}
    told = shaped(sent(http, "POST /v1/users/edits", {"edits": [row], "key": "k"}), answers.Kept)
    assert (told["rows"], told["repeated"]) == (1, False)
    assert sent(http, "POST /v1/users/edits", {"edits": [row], "key": "k"})["repeated"]
    kept = shaped(sent(http, "POST /v1/users/edits/read", {"user": "user-5"}), answers.KeptEdits)
    assert kept["edits"] == {"keywords": {"number": 0.5}, "removed": ["odd"]}
    second = sent(http, "POST /v1/recommend", ask)["items"]
    assert second != first
    assert second == sent(http, "POST /v1/recommend", {**ask, "profile": row["edits"]})["items"]
    assert first == sent(http, "POST /v1/recommend", {**ask, "profile": {}})["items"], "own edits go before"
    assert sent(http, "POST /v1/ask", wish)["items"] != asked
    assert sent(http, "POST /v1/ask", {**wish, "profile": {}})["items"] == asked
    for route in ("explain", "chat"):
        own = {"user": "user-5", "profile": {"erased": True}}
        sent(http, f"POST /v1/{route}", {**own, "text": "hello"} if route == "chat" else own)
    profile = sent(http, "POST /v1/interests", {"user": "user-5"})["profile"]
    assert profile["events"] == 0
    assert sent(http, "POST /v1/interests", {"user": "user-5", "edits": {}})["profile"]["events"] == 9
    shaped(sent(http, "POST /v1/users/edits/delete", {"ids": ["user-5"]}), answers.Kept)
    assert sent(http, "POST /v1/recommend", ask)["items"] == first
    assert sent(http, "POST /v1/users/edits/read", {"user": "user-5"})["edits"] == {}
    assert len(open_house.live.export("user-5")["EditsVersion"]) == 2


@pytest.mark.parametrize(
    "edits",
    [
        {"removed": ["x" * 501]},
        {"removed": ["x"] * 201},
        {"topics": {"a": 1.5}},
        {"keywords": {"a": "much"}},
        {"erased": 1},
        {"forgotten": True},
        [],
        None,
    ],
)
def test_what_are_no_edits_is_an_error_that_names_the_field(http, edits):
    told = sent(http, "POST /v1/users/edits", {"edits": [{"user": "u", "edits": edits}]}, 422)
    assert "body.edits.0.edits" in told["error"]["what"]
    assert "much" not in told["error"]["what"]
    sent(http, "POST /v1/recommend", {"user": "u", "profile": edits or {"x": 1}}, 422)
    assert sent(http, "POST /v1/users/edits", {"edits": [{"user": "u", "edits": {"removed": ["\0"]}}]}, 422)


def test_reports_and_experiments(http):
    told = sent(http, "POST /v1/reports", {"item": "item-8", "user": "user-1", "text": "not for children"})
    assert shaped(told, answers.Reported)["item"] == "item-8"
    body = {"variants": {"old": 1.0, "new": 3.0}}
    shaped(sent(http, "PUT /v1/experiments/order", body), answers.Experiments)
    assert "order" in sent(http, "GET /v1/experiments")["experiments"]
    got = shaped(sent(http, "GET /v1/experiments/order/variant?user=user-7"), answers.Assigned)["variant"]
    told = sent(http, "POST /v1/recommend", {"user": "user-7", "n": 1, "experiment": "order"})
    assert (told["experiment"], told["variant"]) == ("order", got)
    assert sent(http, "GET /v1/experiments/odrer/variant?user=x", status=404)["error"]["what"].startswith(
        "no exp"
    )


def test_versions_are_promoted_and_rolled_back(running, board, tmp_path):
    for name in ("one", "two"):
        engine = board if name == "one" else board.over(board.fitted)
        if name == "two":
            engine.add_items([{"item_id": "item-x", "title": "odd number"}])
        engine.save(tmp_path / name)
    service = running(str(tmp_path / "one"))
    first, second = service.live.version, service.live.register(tmp_path / "two").version
    with service.client() as http:
        told = shaped(sent(http, "POST /v1/models/promote", {"version": second}), answers.Promoted)
        assert told["version"] == second
        assert sent(http, "POST /v1/recommend", {"user": "user-0"})["version"] == second
        rows = shaped(sent(http, "GET /v1/models"), answers.Models)["models"]
        assert {row["version"]: row["state"] for row in rows} == {first: "before", second: "serving"}
        assert str(tmp_path) not in str(rows)
        shaped(sent(http, "POST /v1/models/shadow", {"version": first}), answers.Promoted)
        assert shaped(sent(http, "POST /v1/models/rollback"), answers.Promoted)["version"] == first
        assert sent(http, "POST /v1/recommend", {"user": "user-0"})["version"] == first


def test_a_refit_is_begun_asked_after_and_one_at_a_time(running, board, tmp_path):
    service = running(str(board.save(tmp_path / "engine")))
    with service.client() as http:
        assert shaped(sent(http, "GET /v1/models/refits"), answers.Jobs)["refits"] == []
        told = shaped(sent(http, "POST /v1/models/refit", {"promote": False, "reason": "sale"}), answers.Job)
        assert told["refit"]["state"] == "running"
        assert "runs already" in sent(http, "POST /v1/models/refit", {}, status=409)["error"]["what"]
        (child,) = [service.live._child]
        child.process.kill()
        child.process.wait()
        service.live._look()
        told = shaped(sent(http, "GET /v1/models/refits/refit-1"), answers.Job)
        assert (told["refit"]["actor"], told["refit"]["state"]) == ("loopback", "failed")
        assert sent(http, "GET /v1/models/refits/refit-9", status=404)
        sent(http, "GET /v1/models/refits/x", status=422)


def test_an_operator_sees_the_figures_of_what_was_served(running):
    service = running()
    with service.client() as http:
        told = sent(http, "POST /v1/recommend", {"user": "user-0", "n": 2})
        item, quoted = told["items"][0]["item"], told["impression"]
        event = {"user": "user-0", "item": item, "kind": "click", "impression": quoted}
        sent(http, "POST /v1/feedback", {"events": [event]})
        service.live.store.append([AuditEntry("test", "waits for what was handed over before", 0.0)])
        seen = shaped(sent(http, "GET /v1/figures?days=1"), answers.Figures)
        assert seen["figures"]["click_through"]["value"] == 1.0
        assert seen["figures"]["click_through"]["count"] == 1
        asked = {row["route"]: row for row in seen["latency"]}["/v1/recommend"]
        assert asked["count"] == 1
        assert 0 < asked["p50"] <= asked["p95"] <= asked["p99"]
        assert "impressions" in seen["state"]
        assert "days" in sent(http, "GET /v1/figures?days=99", status=422)["error"]["what"]


def test_a_decision_on_a_report_hides_and_clears(http):
    sent(http, "POST /v1/reports", {"item": "item-2", "user": "ann"})
    ask = {"user": "nobody", "n": 50}
    for decision, there in (("hide", False), ("clear", True)):
        body = {"item": "item-2", "decision": decision}
        assert shaped(sent(http, "POST /v1/reports/decide", body), answers.Decided)["decision"] == decision
        items = [row["item"] for row in sent(http, "POST /v1/recommend", ask)["items"]]
        assert ("item-2" in items) is there


def test_the_lists_that_serve_are_given_another_order_which_a_restart_remembers(running, board, tmp_path):
    board.save(tmp_path / "one")
    service = running(str(tmp_path / "one"))
    with service.client() as http:
        body = {"order": ["mmr"], "options": {"mmr": {"strength": 0.3}}, "reason": "tradeoff"}
        told = shaped(sent(http, "POST /v1/models/order", body), answers.Promoted)
        assert told["record"]["state"] == "ordered"
        assert service.live.serving.engine.fitted.rerank.order == ("mmr",)
        sent(http, "POST /v1/models/order", {"order": ["mmmr"]}, status=404)
    again = running(str(tmp_path / "one"))
    assert again.live.serving.engine.fitted.rerank.options == {"mmr": {"strength": 0.3}}


def test_state_routes(http):
    assert shaped(sent(http, "GET /health"), answers.Health) == {"status": "ok"}
    assert shaped(sent(http, "GET /ready"), answers.Health) == {"status": "ready", "trouble": []}
    sent(http, "POST /v1/recommend", {"user": "user-0"})
    text = http.get("/metrics").text
    assert 'llm4rec_requests_total{method="POST",route="/v1/recommend",status="200"}' in text
    assert "llm4rec_items 2" in text or "llm4rec_items " in text
    assert sent(http, "GET /v1/openapi.json")["openapi"].startswith("3.")


def operations(document):
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield f"{method.upper()} {path}", told


def test_every_route_is_documented_with_examples_that_hold_and_all_errors(http):
    document = sent(http, "GET /v1/openapi.json")
    seen = 0
    for name, told in operations(document):
        seen += 1
        assert told["summary"], name
        assert told[ROLE] in ("open", "read", "write", "admin"), name
        assert {"400", "401", "403", "404", "409", "413", "422", "429", "500", "503"} <= set(
            told["responses"]
        ), name
        example = told["responses"]["200"]["content"]["application/json"]["example"]
        shape = told["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        TypeAdapter(getattr(answers, shape)).validate_python(example)
        if "requestBody" in told:
            content = told["requestBody"]["content"]["application/json"]
            form = getattr(forms, content["schema"]["$ref"].rpartition("/")[2])
            form.model_validate(content["example"])
    assert seen == 35


@pytest.mark.parametrize("name", sorted(examples.QUESTIONS))
def test_examples_are_of_known_forms(name):
    getattr(forms, name).model_validate(examples.QUESTIONS[name])
