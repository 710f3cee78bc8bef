"""Any question that the OpenAPI document allows, and any that it forbids, from two tenants: answered as documented, and
never with anything of the other. `L4R_FUZZ_CASES` says how many questions are asked."""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm4rec.apps.rest import keys
from llm4rec.apps.rest.options import ServeSettings
from llm4rec.core import EngineRecord
from llm4rec.engine.live import open_live
from llm4rec.store import open_store

from .conftest import Running

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

CASES = int(os.environ.get("L4R_FUZZ_CASES", "114"))
OPERATIONS = 35
SECONDS = 10.0  # until an answer counts as a hang
TENANTS = ("alpha", "beta")
SHARED = ["ann", "item-0", "thing", "exp", 5]
"""Ids that both tenants know; what each keeps under them holds its secret."""
NAMED = frozenset({"user", "item", "items", "ids", "history", "session", "allowed", "excluded", "shown"})


def secret(tenant):
    return f"{tenant}-secret"


def plant(live, tenant):
    """Something of everything under ids that the other tenant has as well."""
    own, word = live.tenant(tenant), secret(tenant)
    told = {"title": f"odd {word}", "text": word}
    own.upsert_items([{"item": one, "attributes": told} for one in ("thing", f"{word}-item", 5)])
    own.upsert_users([{"user": one, "attributes": {"note": word}} for one in ("ann", 5)])
    own.upsert_edits([{"user": one, "edits": {"keywords": {word: 0.5}}} for one in ("ann", 5)])
    events = [
        {"user": one, "item": item, "kind": "click", "text": word, "context": {"place": word}}
        for one in ("ann", 5)
        for item in (f"{word}-item", "item-0")
    ]
    own.feedback(events)
    own.report("item-0", "ann", text=word)
    own.store.note({"experiment exp": f'{{"variants": {{"{word}": 1.0, "b": 1.0}}}}'}, tenant=tenant)
    made = EngineRecord(f"{tenant}{word}", "registered", 1.0, "/nowhere", metrics={word: 1.0})
    own.store.append([made], tenant=tenant)


@pytest.fixture(scope="module")
def house(board, tmp_path_factory):
    """One service, two tenants with a key each, and the document."""
    with open_store(str(tmp_path_factory.mktemp("fuzz") / "shop.db")) as store:
        tokens = {tenant: keys.create(store, "admin", tenant=tenant) for tenant in TENANTS}
        live = open_live(board, store)
        one = Running(live, ServeSettings())
        yield one.service, live, tokens
        one.stop()


def known_ids(given, known):
    """The question with ids that there are, where it names any; the name of an experiment likewise."""
    if isinstance(given, dict):
        return {
            name: known_ids(one, known) if name not in NAMED else swapped(one, known)
            for name, one in given.items()
        }
    return [known_ids(one, known) for one in given] if isinstance(given, list) else given


def swapped(given, known):
    if isinstance(given, str | int) and not isinstance(given, bool):
        return known
    return (
        [known, *given[1:]]
        if isinstance(given, list) and given and isinstance(given[0], str | int)
        else known_ids(given, known)
    )


def whole(given):
    """The same with 5 for 5.0: a whole number to JSON Schema, but our forms ask for one that is written so."""
    if isinstance(given, dict):
        return {name: whole(one) for name, one in given.items()}
    if isinstance(given, list):
        return [whole(one) for one in given]
    return int(given) if isinstance(given, float) and given.is_integer() else given


def checks():
    from schemathesis.specs.openapi import checks as found

    return [
        found.status_code_conformance,
        found.content_type_conformance,
        found.response_headers_conformance,
        found.response_schema_conformance,
    ]


def ask(case, token, url):
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
    return case.call(base_url=url, timeout=SECONDS)


def questions(operation):
    """Allowed and forbidden ones, some about ids that there are, of either tenant."""
    good, bad = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    modes = [operation.as_strategy(mode) for mode in (good, good, bad)]
    return st.tuples(st.one_of(modes), st.none() | st.sampled_from(SHARED), st.sampled_from(TENANTS))


class Asking:
    """Puts questions of one operation to the service and counts the answers; an assertion names what does not hold."""

    def __init__(self, house):
        self.service, self.live, self.tokens = house
        self.answers, self.own, self.checks = Counter(), 0, checks()
        self.every = settings(
            max_examples=max(1, CASES // OPERATIONS),
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )

    def all_of(self, operation):
        for tenant in TENANTS:
            plant(self.live, tenant)
        self.every(given(questions(operation))(self.holds))()

    def holds(self, drawn):
        case, known, tenant = drawn
        case.body = whole(case.body)
        if known is not None:
            case.body = known_ids(case.body, known)
            case.path_parameters = dict.fromkeys(case.path_parameters or (), "exp")
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {self.tokens[tenant]}"}
        answer = case.call(base_url=self.service.url, timeout=SECONDS)
        self.answers[case.operation.label, answer.status_code] += 1
        self.own += secret(tenant) in answer.text
        (other,) = set(TENANTS) - {tenant}
        assert secret(other) not in answer.text, f"{tenant} is told of {other}: {case.as_curl_command()}"
        assert answer.status_code < 500, (answer.text, case.as_curl_command())
        case.validate_response(answer, checks=self.checks)


@pytest.mark.timeout(240 + 0.5 * CASES)
def test_any_question_is_answered_as_documented_and_from_its_own_tenant(house):
    asking = Asking(house)
    operations = [
        found.ok() for found in schemathesis.openapi.from_dict(house[0].app.openapi()).get_all_operations()
    ]
    assert len(operations) == OPERATIONS
    for operation in operations:
        asking.all_of(operation)
    print(asking.answers.total(), "questions,", asking.own, "answers with what is one's own")
    print(*sorted(asking.answers.items()), sep="\n")
    assert asking.answers.total() >= 0.8 * CASES
    assert asking.own, "the secrets were never seen by their own tenant either"
