"""The contract of a store: what every one must keep, on records whose answers are known. Each check has a tenant of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from llm4rec.core import (
    AuditEntry,
    DataError,
    EditsVersion,
    EngineRecord,
    Erases,
    Erasure,
    Exposure,
    Feedback,
    Impression,
    ItemVersion,
    KeepsVectors,
    KeyRecord,
    ProfileEdits,
    Record,
    Report,
    Shown,
    Store,
    UserVersion,
    people_of,
    stream,
    stream_current,
    unbroken,
)

DAY = 86_400.0
Check = Callable[[Store, str], None]


def check_store(store: Store, tenant: str = "contract") -> None:
    """A store that passes can stand under any service. Tenants that begin with `tenant` are written to."""
    for check in STORE_CHECKS:
        check(store, f"{tenant}.{check.__name__}"[:64])


def clicks(*pairs: tuple[str, str], time: float = 1.0) -> list[Feedback]:
    """Clicks of users on items, one after another from `time` on."""
    return [Feedback(user, item, "click", time + place) for place, (user, item) in enumerate(pairs)]


def one_of_each() -> list[Record]:
    """A record of every kind, every field told, with text that is easily spoilt."""
    odd = {"text": "quotes \" and ' and\nlines, 雪, é, 𝄞", "list": [1, 2.5, None], "yes": True}
    return [
        Feedback("u", "i", "rating", 5.25, 4.5, "Schön 'gut' \\ 100 %", "m1", {"device": "phone"}),
        Impression(
            id="m1",
            user="u",
            time=4.0,
            slots=(Shown("i", 0.125, 0.5), Shown("j", -3.0)),
            policy="policy-2",
            version="engine-7",
            experiment="colour",
            variant="blue",
            context={"place": "home"},
            degraded=("no text",),
        ),
        ItemVersion("i", 1.0, odd),
        UserVersion("u", 1.5, {"age": 31}),
        EditsVersion(
            "u", 1.75, ProfileEdits(keywords={"雪 'x'": -0.5}, removed=("Sea: ship / voyage",), erased=True)
        ),
        Report("report", "i", "u", "hate", "rude", 2.0),
        AuditEntry("key-1", "promote", 3.0, "engine-7", {"from": "engine-6"}),
        KeyRecord("key-1", "ab" * 32, "admin", 0.5, "nightly", True),
        EngineRecord(
            version="engine-7",
            action="promoted",
            time=6.0,
            folder="engines/7",
            parent="engine-6",
            fingerprint="f00d",
            settings={"fit": {"seed": 1}},
            metrics={"ndcg@10": 0.25},
            reason="better",
        ),
    ]


def gives_back_every_field(store: Store, tenant: str) -> None:
    """What was kept is read back equal, kind by kind."""
    rows = one_of_each()
    receipt = store.append(rows, tenant=tenant)
    assert receipt.rows == len(rows) == receipt.last - receipt.first + 1
    for row in rows:
        assert store.read(type(row), tenant=tenant).rows == (row,), (
            f"{type(row).__name__} comes back as it was"
        )
    bare = Feedback("u", "i", "view", 0.0)
    store.append([bare], tenant=tenant)
    assert store.read(Feedback, tenant=tenant).rows[1] == bare, "what is not told stays not told"


def knows_ids_by_their_text(store: Store, tenant: str) -> None:
    """5 and "5" are one id."""
    store.append([Feedback(5, 7, "click", 1.0), Feedback("5", "07", "click", 2.0)], tenant=tenant)
    (mine,) = store.recent(Feedback, [5], tenant=tenant)
    assert [(row.user, row.item) for row in mine] == [("5", "7"), ("5", "07")], (
        "ids are their text, zeros kept"
    )


def pages_follow_the_cursor(store: Store, tenant: str) -> None:
    """Behind a cursor is what came after it, no row twice and none left out."""
    rows = clicks(*((f"u{n % 7}", f"i{n}") for n in range(2_500)))
    for start in range(0, len(rows), 500):
        store.append(rows[start : start + 500], tenant=tenant)
    assert list(stream(store, Feedback, tenant=tenant)) == rows, "pages together are everything, in order"
    page = store.read(Feedback, tenant=tenant, limit=10)
    assert page.rows == tuple(rows[:10])
    end = store.clock()
    assert store.read(Feedback, tenant=tenant, after=end).rows == (), "nothing is new"
    assert store.read(Feedback, tenant=tenant, after=end).cursor == end, "the cursor stays where it was"
    late = clicks(("u0", "old"), time=-5.0)
    store.append(late, tenant=tenant)
    assert store.read(Feedback, tenant=tenant, after=end).rows == tuple(late), (
        "new is what came late, not what is young"
    )


def tenants_never_meet(store: Store, tenant: str) -> None:
    """Nothing of one tenant is seen, changed or erased by another."""
    other = f"{tenant[:60]}-2"
    for name in (tenant, other):
        store.append(
            [Feedback("u", f"of-{name}", "click", 1.0), ItemVersion("i", 1.0, {"of": name})], tenant=name
        )
    for name in (tenant, other):
        assert [row.item for row in stream(store, Feedback, tenant=name)] == [f"of-{name}"]
        assert [row.attributes for row in stream_current(store, ItemVersion, tenant=name)] == [{"of": name}]
        assert [row.item for row in store.recent(Feedback, ["u"], tenant=name)[0]] == [f"of-{name}"]
    if isinstance(store, Erases):
        store.erase("u", tenant=other)
        assert len(store.read(Feedback, tenant=tenant).rows) == 1, "erasing reaches one tenant only"


def a_repeated_batch_is_kept_once(store: Store, tenant: str) -> None:
    """The same batch under the same key has the same receipt; another batch under it is refused."""
    batch = clicks(("u", "a"), ("u", "b"))
    first = store.append(batch, tenant=tenant, key="k1")
    again = store.append(batch, tenant=tenant, key="k1")
    assert (first, first.repeated, again.repeated) == (again, False, True)
    assert list(stream(store, Feedback, tenant=tenant)) == batch, "and no second row"
    _refused(lambda: store.append(batch[:1], tenant=tenant, key="k1"), "key")
    other = f"{tenant[:60]}-2"
    assert not store.append(batch[:1], tenant=other, key="k1").repeated, "keys of another tenant are others"
    assert not store.append(batch, tenant=tenant, key="k2").repeated
    assert len(store.read(Feedback, tenant=tenant).rows) == 4, (
        "the same rows under another key are meant twice"
    )
    late = [[replace(row, time=time) for row in batch] for time in (50.0, 60.0)]
    assert not store.append(late[0], tenant=tenant, key="k3", arrived=50.0).repeated
    assert store.append(late[1], tenant=tenant, key="k3", arrived=60.0).repeated, (
        "a batch that tells no times is the same whenever it comes"
    )
    _refused(lambda: store.append(late[1], tenant=tenant, key="k3", arrived=70.0), "key")


def repeats_at_once_are_kept_once(store: Store, tenant: str) -> None:
    """Many threads with the same batches: each batch once, one receipt for all."""
    batches = [clicks((f"u{n}", "a"), (f"u{n}", "b")) for n in range(10)]
    with ThreadPoolExecutor(8) as pool:
        work = [
            pool.submit(store.append, batches[n % 10], tenant=tenant, key=f"k{n % 10}") for n in range(80)
        ]
        receipts = [one.result() for one in work]
    assert len({(one.first, one.last) for one in receipts}) == 10, "one receipt a key"
    assert sum(not one.repeated for one in receipts) == 10
    kept = [(row.user, row.item) for row in stream(store, Feedback, tenant=tenant)]
    assert sorted(kept) == sorted((f"u{n}", item) for n in range(10) for item in "ab")


def a_batch_is_kept_whole_or_not(store: Store, tenant: str) -> None:
    """A row that cannot be kept takes its batch with it, and nobody else's."""
    good = Impression("once", "u", 1.0, (Shown("i", 1.0),))
    store.append([good], tenant=tenant)
    _refused(lambda: store.append([*clicks(("u", "a")), good], tenant=tenant), "impression")
    _refused(
        lambda: store.append([*clicks(("u", "a")), Feedback("u", "i", "click", float("nan"))], tenant=tenant),
        "time",
    )
    assert store.read(Feedback, tenant=tenant).rows == ()
    both = [store.append_soon([good], tenant=tenant), store.append_soon(clicks(("u", "b")), tenant=tenant)]
    _refused(both[0].result, "impression")
    both[1].result()
    assert [row.item for row in stream(store, Feedback, tenant=tenant)] == ["b"]


def says_what_cannot_be_kept(store: Store, tenant: str) -> None:
    """Bad values are DataError that names the field; nothing of them is kept."""
    click = Feedback("u", "i", "click", 1.0)
    no_text: Any = object()
    for row, what in (
        (replace(click, user=""), "user"),
        (replace(click, user=True), "user"),
        (replace(click, user="x" * 300), "user"),
        (replace(click, item="a\0b"), "item"),
        (replace(click, item="\ud800"), "item"),
        (replace(click, time=float("inf")), "time"),
        (replace(click, value=float("nan")), "value"),
        (replace(click, text="x" * 100_001), "text"),
        (replace(click, context={"a": no_text}), "context"),
        (replace(click, context={"a": "b\0"}), "context"),
        (Impression("m", "u", 1.0, (Shown("i", 1.0, 1.5),)), "slots"),
        (Impression("m", "u", 1.0, (Shown("i", float("nan")),)), "slots"),
        (EditsVersion("u", 1.0, ProfileEdits(removed=("a\0b",))), "edits"),
        (EditsVersion("u", 1.0, no_text), "edits"),
        (EditsVersion("u", 1.0, ProfileEdits().model_copy(update={"removed": ("x",) * 201})), "removed"),
        (Exposure(1, "i", "", "", "", 1), "Exposure"),
    ):
        _refused(lambda row=row: store.append([row], tenant=tenant), what)  # type: ignore[misc]
    _refused(lambda: store.append([], tenant=tenant), "rows")
    _refused(lambda: store.append([click], tenant="no such/tenant"), "tenant")
    _refused(lambda: store.append([click], tenant=tenant, key=""), "key")
    for noun in (Feedback, Impression):
        assert store.read(noun, tenant=tenant).rows == ()


def the_newest_version_counts(store: Store, tenant: str) -> None:
    """Items and users are their newest version; a deleted one is told as its tombstone until it comes back."""
    versions = [ItemVersion("a", 1.0, {"v": 1}), ItemVersion("b", 1.0), ItemVersion("a", 0.5, {"v": 2})]
    store.append(versions, tenant=tenant)
    found = {row.item: row for row in stream_current(store, ItemVersion, tenant=tenant)}
    assert found == {"a": versions[2], "b": versions[1]}, "what came last counts, whatever its time"
    store.append([ItemVersion("b", 2.0, deleted=True)], tenant=tenant)
    assert store.current(ItemVersion, ["b", "nobody"], tenant=tenant).rows == (
        ItemVersion("b", 2.0, deleted=True),
    )
    assert list(stream(store, ItemVersion, tenant=tenant))[:3] == versions, "older versions can still be read"
    many = [UserVersion(f"u{n % 1500}", float(n)) for n in range(3_000)]
    store.append(many, tenant=tenant)
    assert [row.time for row in stream_current(store, UserVersion, tenant=tenant)] == [
        *map(float, range(1500, 3000))
    ]
    _refused(lambda: store.current(Feedback, tenant=tenant), "versions")


def the_last_of_a_user_are_by_time(store: Store, tenant: str) -> None:
    """`recent` is the last n by time, oldest first, ties in the order they came."""
    rows = [
        Feedback("u", item, "click", time) for item, time in (("c", 3.0), ("a", 1.0), ("d", 3.0), ("b", 2.0))
    ]
    store.append([*rows, *clicks(("v", "x"))], tenant=tenant)
    mine, nobody, yours = store.recent(Feedback, ["u", "w", "v"], tenant=tenant, n=3)
    assert [row.item for row in mine] == ["b", "c", "d"]
    assert nobody == ()
    assert [row.item for row in yours] == ["x"]
    shown = [Impression(f"m{n}", "u", float(n), ()) for n in range(3)]
    store.append(shown, tenant=tenant)
    assert store.recent(Impression, ["u"], tenant=tenant, n=2) == [tuple(shown[1:])]


def people_are_looked_up_at_once(store: Store, tenant: str) -> None:
    """`people_of` tells of each user what `recent` and `current` tell, in the order in which they were asked for."""
    users, newest = ("u 'é'", "nobody", "v"), (UserVersion, EditsVersion)
    store.append([*clicks(*[("v", f"i{n}") for n in range(5)]), UserVersion("v", 2.0)], tenant=tenant)
    store.append([UserVersion("v", 1.0, {"a": 1}), EditsVersion(users[0], 1.0)], tenant=tenant)
    store.append(clicks((users[0], "of-others")), tenant=f"{tenant[:60]}.x")
    last: dict[type, int] = {Feedback: 3, Impression: 1}
    found = people_of(store, dict(zip(users, users, strict=True)), last, newest, tenant)
    for user, person in zip(users, found, strict=True):
        wanted: dict[type, Any] = {kind: store.recent(kind, [user], tenant=tenant, n=3)[0] for kind in last}
        wanted |= {kind: store.current(kind, [user], tenant=tenant).rows for kind in newest}
        assert person == {kind: rows for kind, rows in wanted.items() if rows}, user
    assert [len(person) for person in found] == [1, 0, 2]


def vectors_are_kept_and_compared(store: Store, tenant: str) -> None:
    """Vectors come back as they were, the newest of an id, and the nearest are those of largest inner product."""
    if not isinstance(store, KeepsVectors):
        return
    rng = np.random.default_rng(0)
    names = [f"i{n:03d}" for n in range(60)]
    rows = rng.normal(size=(60, 8)).astype(np.float32)
    store.put_vectors("m", names, np.zeros_like(rows), tenant=tenant)
    store.put_vectors("m", names, rows, tenant=tenant)
    store.put_vectors("m", ["i000"], -rows[:1], owner="user", tenant=tenant)
    found, kept = store.vectors("m", tenant=tenant)
    assert found == names
    np.testing.assert_array_equal(kept, rows, "float32 as they were")
    some, few = store.vectors("m", ["i005", "nobody", "i002"], tenant=tenant)
    assert some == ["i002", "i005"]
    np.testing.assert_array_equal(few, rows[[2, 5]])
    queries = rng.normal(size=(3, 8)).astype(np.float32)
    best = store.nearest("m", queries, 5, tenant=tenant)
    for query, mine in zip(queries, best, strict=True):
        scores = rows @ query
        order = np.argsort(-scores)[:5]
        assert [name for name, _ in mine] == [names[n] for n in order], "exactly the best five"
        np.testing.assert_allclose([score for _, score in mine], scores[order], rtol=1e-4, atol=1e-5)
    assert store.vectors("other", tenant=tenant)[0] == []
    assert store.nearest("other", queries, 2, tenant=tenant) == [[], [], []]
    _refused(lambda: store.put_vectors("m", ["x"], np.ones((1, 9), np.float32), tenant=tenant), "8 numbers")
    _refused(lambda: store.nearest("m", np.ones((1, 9), np.float32), 2, tenant=tenant), "9 numbers")


def the_erased_are_gone_with_proof(store: Store, tenant: str) -> None:
    """Every row of a person is gone, those of others stay, and the proofs are a chain that shows any change."""
    if not isinstance(store, Erases):
        return
    theirs = Feedback | Impression | UserVersion | EditsVersion | Report
    rows = [row for row in one_of_each() if isinstance(row, theirs)]
    others = clicks(("v", "i"))
    store.append([*rows, *others, AuditEntry("k", "look", 1.0, "u")], tenant=tenant)
    if isinstance(store, KeepsVectors):
        store.put_vectors("m", ["u", "v"], np.ones((2, 3), np.float32), owner="user", tenant=tenant)
    subject = store.subject("u", tenant=tenant)
    proof = store.erase("u", tenant=tenant)
    assert proof.subject == subject != store.subject("v", tenant=tenant)
    assert sum(proof.before.values()) >= len(rows) + 1
    assert not any(proof.after.values()), "nothing is left"
    assert [*stream(store, Feedback, tenant=tenant)] == others
    assert proof.before["edits"] == 1
    for noun in (Impression, UserVersion, EditsVersion, Report):
        assert store.read(noun, tenant=tenant).rows == ()
    assert store.read(AuditEntry, tenant=tenant).rows[0].subject == subject, "the audit names nobody"
    if isinstance(store, KeepsVectors):
        assert store.vectors("m", owner="user", tenant=tenant)[0] == ["v"]
    store.erase("v", tenant=tenant)
    proofs = store.read(Erasure, tenant=tenant).rows
    assert proofs[0] == proof
    assert unbroken(proofs)
    assert not unbroken(proofs[1:]), "one left out is seen"
    assert not unbroken([replace(proof, time=0.0), proofs[1]]), "one changed is seen"
    _refused(lambda: store.append([proof], tenant=tenant), "Erasure")  # type: ignore[list-item]


def what_was_shown_is_counted(store: Store, tenant: str) -> None:
    """Old impressions go, their counts stay and add up; young ones stay as they are."""
    if not isinstance(store, Erases):
        return
    shown = [
        Impression(f"m{n}", f"u{n}", n * DAY / 2, (Shown("a", 1.0), Shown(f"i{n}", 0.5))) for n in range(6)
    ]
    store.append(shown, tenant=tenant, key="k")
    assert store.retain(DAY * 2, tenant=tenant).impressions == 4
    assert store.read(Impression, tenant=tenant).rows == tuple(shown[4:])
    assert store.retain(DAY * 3, tenant=tenant).impressions == 2
    store.append([replace(shown[0], id="late")], tenant=tenant)
    store.retain(DAY, tenant=tenant)
    counts = {(row.day, row.item): row.shown for row in stream(store, Exposure, tenant=tenant)}
    assert counts == {
        **{(0, "a"): 3, (1, "a"): 2, (2, "a"): 2},
        **{(0, "i0"): 2, (0, "i1"): 1, (1, "i2"): 1, (1, "i3"): 1, (2, "i4"): 1, (2, "i5"): 1},
    }
    assert store.append(shown, tenant=tenant, key="k").repeated, "a key younger than the cut stays"


def what_was_taken_back_is_not_kept_for_ever(store: Store, tenant: str) -> None:
    """Old edits of a profile go where newer ones took their place; those in force stay, however old."""
    more, less = ProfileEdits(keywords={"sea": 1.0}), ProfileEdits(keywords={"sea": -1.0})
    rows = [EditsVersion("u", 1.0, more), EditsVersion("v", 1.0, more), EditsVersion("u", 2.0, less)]
    store.append([*rows, EditsVersion("u", 9.0)], tenant=tenant)
    assert store.current(EditsVersion, ["u", "v"], tenant=tenant).rows == (rows[1], EditsVersion("u", 9.0))
    if not isinstance(store, Erases):
        return
    assert store.retain(2.0, tenant=tenant).edits == 1
    assert [row.time for row in stream(store, EditsVersion, tenant=tenant)] == [1.0, 2.0, 9.0]
    assert store.retain(DAY, tenant=tenant).edits == 1
    kept = {row.user: row.edits for row in stream(store, EditsVersion, tenant=tenant)}
    assert kept == {"u": ProfileEdits(), "v": more}, "what holds now stays"


def _refused(work: Callable[[], object], word: str) -> None:
    told = ""
    try:
        work()
    except DataError as error:
        told = str(error)
    assert word in told, f"DataError that names {word!r} was expected, not {told!r}"


STORE_CHECKS: Sequence[Check] = (
    gives_back_every_field,
    knows_ids_by_their_text,
    pages_follow_the_cursor,
    tenants_never_meet,
    a_repeated_batch_is_kept_once,
    repeats_at_once_are_kept_once,
    a_batch_is_kept_whole_or_not,
    says_what_cannot_be_kept,
    the_newest_version_counts,
    the_last_of_a_user_are_by_time,
    people_are_looked_up_at_once,
    vectors_are_kept_and_compared,
    the_erased_are_gone_with_proof,
    what_was_shown_is_counted,
    what_was_taken_back_is_not_kept_for_ever,
)
