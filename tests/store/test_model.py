"""Any sequence of what may be done to a store, beside a model of it in plain lists: both hold the same at every step."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from llm4rec.core import (
    DataError,
    EditsVersion,
    Erasure,
    Exposure,
    Feedback,
    Impression,
    ProfileEdits,
    Shown,
    UserVersion,
    stream,
    unbroken,
)

NUMBERS = itertools.count()
TENANTS = st.sampled_from(["one", "two"])
USERS = st.sampled_from(["u1", "u2", "u3"])
ITEMS = st.sampled_from(["a", "b", "c"])
TIMES = st.integers(0, 9).map(lambda day: day * 86_400.0)
CLICKS = st.builds(Feedback, USERS, ITEMS, st.just("click"), TIMES)
VERSIONS = st.builds(UserVersion, USERS, TIMES, st.dictionaries(ITEMS, st.integers(0, 3), max_size=2))
EDITS = st.builds(EditsVersion, USERS, TIMES, st.booleans().map(lambda told: ProfileEdits(erased=told)))
SHOWN = st.lists(ITEMS, min_size=1, max_size=3, unique=True).map(
    lambda ids: tuple(Shown(i, 1.0) for i in ids)
)
ANSWERS = st.builds(Impression, st.just(""), st.none() | USERS, TIMES, SHOWN)


class Model(RuleBasedStateMachine):
    """`rows` in the order of their acknowledgement, by tenant; `keys` by tenant and key; `dropped` answers of a retention."""

    store = None

    def __init__(self):
        super().__init__()
        self.name = f"m{next(NUMBERS)}-"
        self.rows, self.keys, self.erased = {"one": [], "two": []}, {}, {"one": 0, "two": 0}
        self.exposed = {"one": {}, "two": {}}

    @rule(
        tenant=TENANTS,
        rows=st.lists(CLICKS | VERSIONS | EDITS | ANSWERS, min_size=1, max_size=4),
        key=st.none() | st.sampled_from(["k1", "k2"]),
    )
    def append(self, tenant, rows, key):
        rows = [replace(row, id=f"m{next(NUMBERS)}") if isinstance(row, Impression) else row for row in rows]
        name = (tenant, key)
        if key is not None and name in self.keys and self.keys[name][0] != rows:
            with pytest.raises(DataError, match="another batch"):
                self.store.append(rows, tenant=self.name + tenant, key=key)
            return
        receipt = self.store.append(rows, tenant=self.name + tenant, key=key)
        assert receipt.rows == len(rows)
        assert not receipt.repeated
        self.rows[tenant] += rows
        if key is not None:
            self.keys[name] = rows, receipt

    @rule(tenant=TENANTS, key=st.sampled_from(["k1", "k2"]))
    def append_again(self, tenant, key):
        if (tenant, key) in self.keys:
            rows, before = self.keys[tenant, key]
            receipt = self.store.append(rows, tenant=self.name + tenant, key=key)
            assert (receipt, receipt.repeated) == (before, True)

    @rule(tenant=TENANTS, user=USERS)
    def erase(self, tenant, user):
        mine = [row for row in self.rows[tenant] if row.user == user]
        proof = self.store.erase(user, tenant=self.name + tenant)
        kinds = (Feedback, Impression, UserVersion, EditsVersion)
        counts = [sum(isinstance(row, kind) for row in mine) for kind in kinds]
        tables = ("interactions", "impressions", "users", "edits")
        assert [proof.before[table] for table in tables] == counts
        assert not any(proof.after[table] for table in tables)
        self.rows[tenant] = [row for row in self.rows[tenant] if row.user != user]
        self.erased[tenant] += 1

    @rule(tenant=TENANTS, before=TIMES)
    def retain(self, tenant, before):
        old = [row for row in self.rows[tenant] if isinstance(row, Impression) and row.time < before]
        done = self.store.retain(before, tenant=self.name + tenant)
        left, seen = [], set()
        for row in self.rows[tenant][::-1]:
            if isinstance(row, EditsVersion) and row.time < before and row.user in seen:
                continue
            if isinstance(row, EditsVersion):
                seen.add(row.user)
            left.append(row)
        stale = len(self.rows[tenant]) - len(left)
        assert (done.impressions, done.keys, done.edits) == (len(old), 0, stale), "keys are young here"
        self.rows[tenant] = [row for row in left[::-1] if row not in old]
        for row in old:
            for slot in row.slots:
                place = (int(row.time // 86_400), slot.item)
                self.exposed[tenant][place] = self.exposed[tenant].get(place, 0) + 1

    @invariant()
    def holds_the_same(self):
        for tenant, rows in self.rows.items():
            place = self.name + tenant
            for kind in (Feedback, Impression, UserVersion, EditsVersion):
                mine = [row for row in rows if isinstance(row, kind)]
                assert list(stream(self.store, kind, tenant=place)) == mine
            for kind in (UserVersion, EditsVersion):
                newest = {row.user: row for row in rows if isinstance(row, kind)}
                current = self.store.current(kind, tenant=place).rows
                assert {row.user: row for row in current} == newest
            proofs = list(stream(self.store, Erasure, tenant=place))
            assert len(proofs) == self.erased[tenant]
            assert unbroken(proofs)
            shown = list(stream(self.store, Exposure, tenant=place))
            counted = {}
            for one in shown:
                counted[one.day, one.item] = counted.get((one.day, one.item), 0) + one.shown
            assert counted == self.exposed[tenant]

    @rule(tenant=TENANTS, users=st.lists(USERS, max_size=3, unique=True), n=st.integers(1, 3))
    def recent(self, tenant, users, n):
        found = self.store.recent(Feedback, users, tenant=self.name + tenant, n=n)
        for user, rows in zip(users, found, strict=True):
            mine = [row for row in self.rows[tenant] if isinstance(row, Feedback) and row.user == user]
            assert list(rows) == sorted(mine, key=lambda row: row.time)[-n:]


def test_a_store_is_what_a_list_would_be(store):
    machine = type("Machine", (Model,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=12,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
