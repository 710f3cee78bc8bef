"""The contract of a store, kept by SQLite and by a real PostgreSQL."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm4rec.core import (
    DataError,
    Erases,
    Feedback,
    Impression,
    KeepsVectors,
    LooksUpPeople,
    Shown,
    Store,
    stream,
)
from llm4rec.testing import STORE_CHECKS, check_store

TENANTS = itertools.count()


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
def test_keeps_the_contract(shared, check):
    check(shared, check.__name__[:60])


def test_is_all_that_the_protocols_ask_for(shared):
    for protocol in (Store, KeepsVectors, LooksUpPeople, Erases):
        assert isinstance(shared, protocol)


def test_the_contract_is_one_call_for_others(store):
    check_store(store)


IDS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12
).filter(str.strip)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
CONTEXTS = st.dictionaries(IDS, IDS, max_size=2)
FEEDBACK = st.builds(
    Feedback, IDS, IDS, IDS, NUMBERS, st.none() | NUMBERS, st.none() | IDS, st.none() | IDS, CONTEXTS
)
SLOTS = st.lists(
    st.builds(Shown, IDS, NUMBERS, st.none() | st.floats(0, 1, exclude_min=True)), max_size=3
).map(tuple)
BATCHES = st.lists(
    st.tuples(st.sampled_from([None, "k1", "k2", "k3"]), st.lists(FEEDBACK, min_size=1, max_size=4)),
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BATCHES)
def test_any_batches_are_read_back_each_key_once(shared, batches):
    tenant = f"any{next(TENANTS)}"
    kept, keys = [], {}
    for key, rows in batches:
        if key is not None and keys.setdefault(key, rows) != rows:
            with pytest.raises(DataError, match="idempotency key"):
                shared.append(rows, tenant=tenant, key=key)
        elif not shared.append(rows, tenant=tenant, key=key).repeated:
            kept += rows
    assert list(stream(shared, Feedback, tenant=tenant)) == kept
    for user in {row.user for row in kept}:
        mine = sorted((row for row in kept if row.user == user), key=lambda row: row.time)
        assert list(shared.recent(Feedback, [user], tenant=tenant)[0]) == mine


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SLOTS, CONTEXTS, st.none() | IDS)
def test_any_slate_is_read_back(shared, slots, context, user):
    tenant = f"any{next(TENANTS)}"
    shown = Impression("m", user, 1.0, slots, context=context)
    shared.append([shown], tenant=tenant)
    assert shared.read(Impression, tenant=tenant).rows == (shown,)
