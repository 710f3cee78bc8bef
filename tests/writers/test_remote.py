"""A server on this machine that is slow, overloaded, broken, chatty or lying, and what a generator makes of it."""

import gzip
import logging
import socket
import sys
import threading
from email.utils import formatdate

import pytest

from llm4rec.core import (
    BreakerOpenError,
    BrokenAnswerError,
    CapReachedError,
    ComponentError,
    GeneratorRefusedError,
    GeneratorTimeoutError,
    GeneratorUnavailableError,
    Message,
    SettingsError,
)
from llm4rec.testing import check_generator
from llm4rec.writers import RemoteConfig, RemoteGenerator, wire

from .serving import Reply, said, wait_until

ASK = [Message("system", "Be brief."), Message("user", "A book?")]
ASK_LONGER = [Message("user", "x" * 60)]
PICK = {
    "type": "object",
    "properties": {"id": {"enum": ["b1", "b2"]}},
    "required": ["id"],
    "additionalProperties": False,
}
KEY = "sk-very-secret-123"


def test_keeps_the_contract(serve):
    def answer(body):
        return said('{"colour": "red"}' if "response_format" in body else "red")

    check_generator(serve(answer=answer)[1])


def test_messages_model_and_limits_are_sent_and_text_comes_back(serve):
    server, generator = serve(said("Solaris."), max_tokens=20, temperature=0.5, seed=3)
    assert generator.complete(ASK) == "Solaris."
    ((path, _, body),) = server.asked
    assert path == "/v1/chat/completions"
    assert body == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "A book?"}],
        "max_tokens": 20,
        "temperature": 0.5,
        "seed": 3,
    }


def test_what_a_server_refuses_can_be_left_out(serve):
    server, generator = serve(said("x"), temperature=None, seed=None, limit_key="max_completion_tokens")
    generator.complete(ASK)
    assert set(server.asked[0][2]) == {"model", "messages", "max_completion_tokens"}


def test_nothing_of_the_environment_is_sent(serve, monkeypatch):
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", "of-somebody-else")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: of-somebody-else")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/of-somebody-else")
    server, generator = serve(said("x"))
    generator.complete(ASK)
    headers = {name.lower(): value for name, value in server.asked[0][1].items()}
    assert "of-somebody-else" not in str(headers)
    assert headers["user-agent"] == "llm4rec"
    assert "authorization" not in headers
    assert not [name for name in headers if name.startswith("x-")]


def test_the_key_is_sent_and_told_nobody(serve, caplog):
    caplog.set_level(logging.DEBUG)
    refusal = Reply(f"Incorrect API key: {KEY}\x1b[2J".encode(), status=401)
    server, generator = serve(said("x"), refusal, api_key_env="MY_KEY", environment={"MY_KEY": f"{KEY}\n"})
    generator.complete(ASK)
    with pytest.raises(GeneratorRefusedError, match=r"Incorrect API key: \*\*\* .*check the key") as caught:
        generator.complete(ASK)
    assert {headers["authorization"] for _, headers, _ in server.asked} == {f"Bearer {KEY}"}
    assert len(caplog.records) > 3
    for told in (
        caplog.text,
        str(caught.value),
        repr(generator),
        str(vars(generator)),
        str(vars(generator._wire)),
    ):
        assert KEY not in told
        assert "\x1b" not in told


@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        ({"base_url": ""}, {}, "base_url is empty, so nothing is contacted"),
        ({"model": ""}, {}, "model is empty"),
        ({"base_url": "ftp://h/v1"}, {}, "ftp://h/v1' is not an address"),
        ({"base_url": "http://h:port/v1"}, {}, "is not an address"),
        ({"base_url": "http://ann:pw@h/v1"}, {}, "holds a user or a password"),
        ({"api_key_env": "K"}, {}, "the environment variable K"),
        ({"api_key_env": "K"}, {"K": "two words"}, "the value of K has characters"),
        (
            {"api_key_env": "K", "base_url": "http://10.0.0.1/v1"},
            {"K": "k"},
            "unencrypted to 10.0.0.1; use https",
        ),
        ({"cap_cost": 1.0}, {}, "cap_cost needs price"),
        ({"attempts": 99}, {}, "attempts"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_contacted(options, environment, told):
    given = {"base_url": "http://127.0.0.1:9/v1", "model": "tiny", **options}
    with pytest.raises(SettingsError, match=told) as caught:
        RemoteGenerator(RemoteConfig.of(given), environment)
    assert "pw" not in str(caught.value)
    assert "two words" not in str(caught.value)


def test_a_key_may_travel_encrypted_or_where_it_is_allowed():
    for options in ({"base_url": "https://h/v1"}, {"base_url": "http://h/v1", "plain_http": True}):
        RemoteGenerator(RemoteConfig.of({"model": "m", "api_key_env": "K", **options}), {"K": "k"})


def test_an_overloaded_server_is_asked_again_when_it_wants(serve, time):
    busy = Reply({"error": "busy"}, status=429, headers={"Retry-After": "3"})
    server, generator = serve(busy, Reply(b"oops", status=500), said("at last"))
    assert generator.complete(ASK) == "at last"
    assert time.slept == [3.5, 1.0]
    assert len(server.asked) == 3
    assert (generator.spent.requests, generator.spent.prompt_tokens) == (3, 7)


def test_a_server_that_wants_a_long_pause_is_left_alone(serve, time):
    server, generator = serve(Reply(b"", status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(GeneratorUnavailableError, match=r"status 429.*left alone for 3600 seconds"):
        generator.complete(ASK)
    assert (len(server.asked), time.slept) == (1, [])


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [("7", 7, 7), ("1.5", 1.5, 1.5), (formatdate(4102444800, usegmt=True), 1e8, 3e9), ("-5", 0, 0)],
)
def test_a_wanted_pause_is_seconds_or_a_date(said, least, most):
    assert least <= wire.wanted_wait({"retry-after": said}) <= most


@pytest.mark.parametrize("said", ["", "soon", "nan", "inf"])
def test_what_is_no_pause_is_none(said):
    assert wire.wanted_wait({"retry-after": said}) is None


def test_a_server_that_stays_broken_is_told_and_left_alone(serve, time):
    server, generator = serve(Reply(b"<h1>out of order</h1>", status=503), breaker_failures=4)
    with pytest.raises(
        GeneratorUnavailableError, match=r"status 503 \(<h1>out of order</h1>\).*asked 3 times"
    ):
        generator.complete(ASK)
    with pytest.raises(BreakerOpenError, match="failed 4 times in a row"):
        generator.complete(ASK)
    with pytest.raises(BreakerOpenError):
        generator.complete(ASK)
    assert len(server.asked) == 4
    assert generator.spent.requests == 4
    server.replies = [said("better")]
    time.time += 30
    assert generator.complete(ASK) == "better"


def test_a_server_that_is_not_there_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: a connection is refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        generator = RemoteGenerator(RemoteConfig(base_url=url, model="tiny", attempts=1), {})
        with pytest.raises(GeneratorUnavailableError, match=r"cannot be reached .*refused.* check base_url"):
            generator.complete(ASK)
        generator.close()


def test_a_silent_server_is_not_waited_for(serve):
    server, generator = serve(said("late", delay=30), timeout=0.1, attempts=2)
    with pytest.raises(GeneratorTimeoutError, match=r"no answer within 0\.1 seconds.*asked 2 times"):
        generator.complete(ASK)
    wait_until(lambda: len(server.asked) == 2)
    # Nobody knows whether it worked for us: charged in full.
    assert generator.spent.answer_tokens == 2 * 512


def test_a_server_that_drips_is_not_waited_for(serve, time):
    # Each part comes in time, the whole does not: the clock moves on while half of it is on its way.
    late = said("drip", midway=lambda: time.sleep(6.0))
    _, generator = serve(late, timeout=5.0, attempts=1)
    with pytest.raises(GeneratorTimeoutError, match="no answer within 5 seconds"):
        generator.complete(ASK)


def test_a_compressed_answer_is_not_unpacked(serve):
    server, generator = serve(Reply(gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(BrokenAnswerError, match="compressed"):
        generator.complete(ASK)
    assert server.asked[0][1]["accept-encoding"] == "identity"


def test_an_answer_that_breaks_off_is_asked_for_again(serve):
    short = Reply(b"{", headers={"Content-Length": "50", "Connection": "close"})
    server, generator = serve(short, said("whole"))
    assert generator.complete(ASK) == "whole"
    assert len(server.asked) == 2


def test_a_missing_package_is_told_with_its_command(serve, monkeypatch):
    _, generator = serve(said("x"))
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ComponentError, match=r"needs openai: pip install 'llm4rec\[generation\]'"):
        generator.complete(ASK)


def test_an_endless_answer_is_not_read(serve, monkeypatch):
    monkeypatch.setattr(wire, "MOST_BYTES", 1000)
    _, generator = serve(said("x" * 2000))
    with pytest.raises(BrokenAnswerError, match="more than 1000 bytes"):
        generator.complete(ASK)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(status=400, body={"error": {"message": "context length"}}), "status 400 .*context length"),
        (Reply(status=401), r"status 401 \(no words\); check the key"),
        (Reply(status=404, body=b"no\n\x00such   model"), r"\(no such model\); check base_url .* and model"),
        (Reply(status=307, headers={"Location": "http://127.0.0.1:9/v1"}), "redirects are not followed"),
        (said(None, reason="content_filter"), "declined to answer: content_filter"),
        (
            Reply({"choices": [{"message": {"content": None, "refusal": "I will not."}}]}),
            "declined.*I will not",
        ),
    ],
)
def test_a_refusal_is_final_and_told(serve, time, reply, told):
    server, generator = serve(reply)
    with pytest.raises(GeneratorRefusedError, match=told):
        generator.complete(ASK)
    assert (len(server.asked), time.slept) == (1, [])


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(b'{"choices": [{"mess'), "is not JSON"),
        (Reply(b"<html>hello</html>", headers={"Content-Type": "text/html"}), "is not JSON.*hello"),
        (Reply(b"\xff\xfe"), "is not JSON"),
        (Reply(b"[" * 200_000), "is not JSON"),
        (Reply([1]), "no object"),
        (Reply({}), r"no chat completion \(it has: nothing\)"),
        (Reply({"choices": []}), r"no chat completion \(it has: choices\)"),
        (Reply({"choices": [{"message": "x"}]}), "no chat completion"),
        (said(None), "without text"),
        (said("  \n"), "answered with nothing"),
    ],
)
def test_an_answer_of_another_shape_is_told(serve, reply, told):
    server, generator = serve(reply)
    with pytest.raises(BrokenAnswerError, match=told):
        generator.complete(ASK)
    assert len(server.asked) == 1


def test_a_schema_is_enforced_by_the_server_and_checked_here(serve):
    server, generator = serve(said('{"id": "b2"}'))
    assert generator.complete(ASK, PICK) == {"id": "b2"}
    body = server.asked[0][2]
    assert body["response_format"]["json_schema"] == {"name": "answer", "schema": PICK, "strict": True}
    assert body["messages"][-1]["content"] == "A book?"


@pytest.mark.parametrize(("how", "kind"), [("json_object", {"type": "json_object"}), ("prompt", None)])
def test_a_server_that_enforces_none_is_told_in_words(serve, how, kind):
    server, generator = serve(said('Sure!\n```json\n{"id": "b1"}\n```\nBye.'), structured=how)
    assert generator.complete(ASK, PICK) == {"id": "b1"}
    body = server.asked[0][2]
    assert body.get("response_format") == kind
    assert '"enum": ["b1", "b2"]' in body["messages"][-1]["content"]
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ('{"id": "b9"}', "none of the 2 allowed values"),
        ('{"id": ', "it is not JSON"),
        ("The second one.", "it is not JSON"),
        ("[" * 5000, "it is "),
        ('{"id": "b1", "price": 1e999}', "no finite number"),
        ('{"id": NaN}', "no finite number"),
    ],
)
def test_a_broken_answer_is_repaired_once(serve, first, told):
    server, generator = serve(said(first), said('{"id": "b1"}'))
    assert generator.complete(ASK, PICK) == {"id": "b1"}
    *before, answer, complaint = server.asked[1][2]["messages"]
    assert before == server.asked[0][2]["messages"]
    assert answer == {"role": "assistant", "content": first[:2000]}
    assert told in complaint["content"]


def test_invented_ids_never_come_out(serve):
    server, generator = serve(said('{"id": "b9"}'), said('{"id": "b10"}'), said('{"id": "b1"}'))
    with pytest.raises(
        BrokenAnswerError, match=r"nor when told what was wrong: .*'b10', which is none of the 2"
    ):
        generator.complete(ASK, PICK)
    assert len(server.asked) == 2


def test_an_answer_that_was_cut_off_is_not_repaired(serve):
    server, generator = serve(said('{"id": "b', reason="length"))
    with pytest.raises(BrokenAnswerError, match="cut off before its JSON was complete; raise max_tokens"):
        generator.complete(ASK, PICK)
    assert len(server.asked) == 1


def test_text_that_was_cut_off_is_text(serve):
    assert serve(said("Once upon", reason="length"))[1].complete(ASK) == "Once upon"


def test_a_schema_nobody_can_check_is_refused_before_asking(serve):
    server, generator = serve(said("{}"))
    with pytest.raises(SettingsError, match="keyword 'not'"):
        generator.complete(ASK, {"not": {}})
    assert server.asked == []


def test_caps_stop_before_the_server_is_asked(serve):
    server, generator = serve(said("x", usage=(30, 10)), max_tokens=10, cap_tokens=150)
    for _ in range(2):
        generator.complete(ASK)
    with pytest.raises(
        CapReachedError, match="has used 80 of cap_tokens = 150, and this request may take 86"
    ):
        generator.complete(ASK_LONGER)
    assert len(server.asked) == 2
    assert (generator.spent.prompt_tokens, generator.spent.answer_tokens) == (60, 20)


@pytest.mark.parametrize("usage", [None, (-5, 3), ("many", 1)])
def test_a_server_that_does_not_count_is_charged_in_full(serve, usage):
    _, generator = serve(said("x", usage=usage), max_tokens=10, price_prompt=1e6)
    generator.complete([Message("user", "ten bytes!")])
    spent = generator.spent
    assert (spent.prompt_tokens, spent.answer_tokens, spent.cost) == (26, 10, 26.0)


def test_a_full_cap_does_not_close_an_open_breaker(serve):
    _, generator = serve(Reply(status=500), breaker_failures=1, attempts=1, max_tokens=10, cap_tokens=60)
    with pytest.raises(GeneratorUnavailableError):
        generator.complete(ASK)
    with pytest.raises(CapReachedError):
        generator.complete(ASK_LONGER)
    with pytest.raises(BreakerOpenError):
        generator.complete(ASK)


def test_many_may_ask_at_once(serve):
    server, generator = serve(answer=lambda body: said(body["messages"][-1]["content"].upper()))
    found = {}

    def work(word):
        found[word] = generator.complete([Message("user", word)])

    threads = [threading.Thread(target=work, args=(f"word {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: len(server.asked) == 8)
    assert found == {f"word {n}": f"WORD {n}" for n in range(8)}
    assert generator.spent.requests == 8


def test_halves_of_pairs_are_no_obstacle(serve):
    server, generator = serve(said("x"))
    generator.complete([Message("user", "a \ud83d b")])
    assert server.asked[0][2]["messages"][0]["content"] == "a ? b"


@pytest.mark.parametrize("wrong", [["text"], [{"role": "user", "content": "x"}], [Message("user", None)]])
def test_what_is_no_message_is_told(serve, wrong):
    _, generator = serve(said("x"))
    with pytest.raises(SettingsError, match="message 0 is "):
        generator.complete(wrong)
