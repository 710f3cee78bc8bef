"""What anyone may rely on when an engine is fitted again: it is judged first, one at a time, on record, and never half."""

from types import SimpleNamespace

import numpy as np
import pytest

from llm4rec.core import (
    AuditEntry,
    Catalog,
    ComponentError,
    Dataset,
    Feedback,
    Interactions,
    NotFoundError,
    Users,
    Vocabulary,
    stream,
)
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import nights, open_live, tidying
from llm4rec.engine.live.gathering import gathered
from llm4rec.engine.live.jobs import LOST, Jobs
from llm4rec.engine.live.naming import Naming
from llm4rec.engine.live.nights import last_slot
from llm4rec.engine.live_settings import LiveSettings

from .conftest import PLAIN, Clock

T = 1_700_000_000.0
DAY = 86_400.0
SHELVES = np.arange(24).reshape(3, 8)
ACROSS = SHELVES.T[:6].reshape(2, 9)


def takes(user, items, start):
    """One person takes some items, one a second."""
    return [Feedback(f"u{user}", f"i{item}", "click", start + n) for n, item in enumerate(items)]


def readers(first, shelves, start, later=None, many=60, seed=0):
    """People who take six items of one shelf: three at `start`, three at `later`."""
    rng, rows = np.random.default_rng(seed), []
    for user in range(many):
        items = rng.permutation(shelves[user % len(shelves)])[:6]
        rows += takes(first + user, items[:3], start + 0.001 * user)
        rows += takes(first + user, items[3:], (start + 10 if later is None else later) + 0.001 * user)
    return rows


def shop(rows):
    """Feedback as a data set of 24 items."""
    people, things = Vocabulary(sorted({str(r.user) for r in rows})), Vocabulary([f"i{n}" for n in range(24)])
    events = Interactions(
        np.array([people.number(row.user) for row in rows]),
        np.array([things.number(row.item) for row in rows]),
        np.zeros(len(rows), dtype=np.int64),
        np.full(len(rows), np.nan, dtype=np.float32),
        np.array([row.time for row in rows]),
        ("click",),
    )
    return Dataset(events.sorted(), Catalog(things, {}), Users(people, {}), "shelves")


OLD = readers(0, SHELVES, T)
SAME = readers(100, SHELVES, T + 1_000, T + 2_000, seed=1)
CHANGED = readers(300, ACROSS, T + 1_000, T + 1_500, seed=2) + readers(
    400, ACROSS, T + 1_000, T + 2_000, seed=3
)
POISON = [row for n in range(250) for row in takes(1_000 + n, SHELVES[:, n % 8], T + 500)]


@pytest.fixture(scope="session")
def shelved(tmp_path_factory):
    """Item neighbours on three shelves: whoever took of one is shown more of it."""
    settings = Settings(**PLAIN)
    return Engine(settings, model="itemknn").fit(shop(OLD)).save(tmp_path_factory.mktemp("e") / "shop")


@pytest.fixture
def night(shelved, store, tmp_path):
    """A live engine over its own copy of the folder: night(rows, refit_least=5)."""
    import shutil

    opened = []

    def make(rows=(), **live):
        folder = tmp_path / "shop"
        if not folder.exists():
            shutil.copytree(shelved, folder)
        clock = Clock()
        clock.time = T + 3 * DAY
        given = Settings(**PLAIN, live={"refit_least": 20, **live})
        opened.append(open_live(folder, store, settings=given, now=clock))
        if rows:
            opened[-1].feedback(rows)
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def share(rows):
    """The share of new rows that are the second half of somebody's."""
    return sum(row.time >= T + 2_000 for row in rows) / len(rows)


def test_a_change_of_taste_is_learnt_promoted_and_on_record(night):
    live = night(CHANGED, refit_holdback=share(CHANGED))
    before = live.version
    job = live.refit(wait=True, actor="ann's key")
    assert job.state == "promoted"
    gate = job.report["gate"]
    assert gate["new"] > gate["old"] + 0.2
    assert gate["low"] > 0
    assert gate["questions"] == 60
    assert live.version == job.report["version"] != before
    assert job.report["parent"] == before
    assert job.report["data"]["new_events"] == len(CHANGED)
    record = live.registry.standing().known[live.version]
    assert record.parent == before
    assert record.metrics["new"] == gate["new"]
    assert len(live.serving.base.fitted.dataset.interactions) == len(OLD) + len(CHANGED), (
        "all data, not the twin's"
    )
    entries = [(e.actor, e.action) for e in stream(live.store, AuditEntry)]
    assert ("ann's key", "refit begun") in entries
    assert ("ann's key", "engine promoted") in entries
    assert ("ann's key", "refit ended") in entries
    with open_live(None, live.store) as again:
        assert again.version == live.version


def test_what_was_poisoned_is_refused_with_the_reason_and_what_serves_stays(night, tmp_path):
    rows = POISON + SAME
    live = night(rows, refit_holdback=share(rows))
    before = live.version
    job = live.refit(wait=True)
    assert job.state == "refused"
    assert "worse" in job.report["reason"]
    assert job.report["gate"]["new"] < job.report["gate"]["old"]
    assert live.version == before
    assert list(live.registry.standing().known) == [before]
    assert [path.name for path in tmp_path.iterdir() if "refit" in path.name] == []
    (told,) = [e for e in stream(live.store, AuditEntry) if e.action == "refit ended"]
    assert told.detail["state"] == "refused"
    assert told.detail["gate"]["passes"] is False


def test_more_of_the_same_passes_and_waits_where_it_is_not_to_be_promoted(night):
    live = night(SAME, refit_holdback=share(SAME))
    before = live.version
    job = live.refit(wait=True, promote=False)
    assert job.state == "ready"
    assert live.version == before
    assert live.registry.standing().state(job.report["version"]) == "registered"


def test_where_nothing_can_be_judged_nothing_is_promoted(night):
    live = night()
    assert "nothing has happened" in live.refit(wait=True).report["reason"]
    live.feedback(takes(7, SHELVES[0], T + 1_000))
    job = live.refit(wait=True)
    assert (job.state, live.refits()[-1].id) == ("refused", "refit-2")
    assert "too few" in job.report["reason"]


def test_an_erased_person_stays_out_and_is_reason_enough(store, tmp_path):
    # A model that cannot forget.
    folder = Engine(Settings(**PLAIN), model="popular").fit(shop(OLD)).save(tmp_path / "popular")
    clock = Clock()
    clock.time = T + 3 * DAY
    live = open_live(folder, store, settings=Settings(**PLAIN), now=clock)
    live.feedback(takes(5, SHELVES[2][:2], T + 1_000))
    assert live.erase("u5").method == "hidden until the next fit"
    assert live.refit_due
    job = live.refit(wait=True)
    assert job.state == "promoted", job.report
    assert job.report["data"]["erased"] == 1
    assert "not judged" in job.report["reason"]
    assert not live.refit_due
    ids = live.serving.base.fitted.dataset.users.ids
    assert "u5" not in ids
    assert "u6" in ids


def test_what_is_gathered_is_each_event_once_with_the_newest_items(night, store):
    live = night(OLD[:40] + SAME)
    live.upsert_items([{"item": "i24", "attributes": {"title": "Twenty-fifth"}}])
    live.delete_items(["i0"])
    base = live.serving.base.fitted.dataset
    found = gathered(base, store, Naming("default"), LiveSettings()).dataset
    expected = {(r.user, r.item, r.time) for r in OLD + SAME if r.item != "i0"}
    names = found.users.ids.ids, found.catalog.ids.ids
    events = found.interactions
    got = [
        (names[0][u], names[1][i], t)
        for u, i, t in zip(events.users, events.items, events.timestamps.tolist(), strict=True)
    ]
    assert len(got) == len(expected)
    assert {(u, i, round(t, 3)) for u, i, t in got} == {(u, i, round(t, 3)) for u, i, t in expected}
    assert "i24" in names[1]
    assert "i0" not in names[1]


def test_of_quiet_people_always_the_same_share_is_fitted_on_again(night, store):
    live = night([Feedback("u1", "i9", "click", T + 400 * DAY)])
    base = live.serving.base.fitted.dataset
    some = LiveSettings(refit_days=100.0, refit_replay=0.5)
    first, second = (gathered(base, store, Naming("default"), some) for _ in range(2))
    users = set(first.dataset.users.ids.ids)
    assert users == set(second.dataset.users.ids.ids)
    assert first.quiet == 60 - len(users)
    assert 15 <= first.quiet <= 45
    assert "u1" in users, "who did something lately is never left out"
    kept = first.dataset
    assert len(kept.interactions) == 6 * len(users) + 1, "whoever stays, stays whole"
    again = gathered(kept, store, Naming("default"), some)
    assert set(again.dataset.users.ids.ids) == users, "the share does not shrink from night to night"


def test_one_at_a_time_and_a_job_nobody_hears_of_is_broken_off(night):
    live = night(SAME)
    jobs = Jobs(live.store, now=live.now)
    job = jobs.begin("clock")
    with pytest.raises(ComponentError, match="refit-1 runs already"):
        live.refit(wait=True)
    with jobs.alive(job) as say:
        live.now.time += 10 * LOST
        say("fitting")
        assert jobs.phase(job) == "fitting"
        assert jobs.all()[-1].state == "running", "it was heard of"
    before = live.version
    live.now.time += 2 * LOST
    assert jobs.all()[-1].state == "broken off"
    assert live.version == before
    assert live.refit(wait=True, promote=False).id == "refit-2"
    assert live.refits()[0].state == "broken off"


def test_two_who_begin_at_once_begin_one(store):
    one, other = Jobs(store), Jobs(store)
    other_all = other.all
    other.all = lambda: other_all()[:0]  # what it knew a moment ago
    one.begin("a")
    with pytest.raises(ComponentError, match="another worker"):
        other.begin("b")
    assert len(one.all()) == 1


def test_an_error_is_on_record_and_changes_nothing(night, tmp_path):
    live = night(SAME)
    before = live.version
    with pytest.raises(NotFoundError):
        live.refit(wait=True, data=tmp_path / "nowhere")
    assert live.refits()[-1].state == "failed"
    assert live.version == before


def test_hours_of_the_day():
    noon = 20_000 * DAY + DAY / 2
    assert last_slot(noon, (3.0,)) == 20_000 * DAY + 3 * 3600.0
    assert last_slot(noon, (3.0, 11.5)) == 20_000 * DAY + 11.5 * 3600.0
    assert last_slot(noon, (13.0,)) == 19_999 * DAY + 13 * 3600.0


def test_the_clock_asks_once_a_night_and_again_after_what_was_broken_off(night):
    live = night(refit_hours=(3.0,))
    midnight = live.now.time - live.now.time % DAY + DAY
    live.now.time = midnight + 2 * 3600.0
    live._begun_at = live.now.time
    assert live._due() == "", "a night from before the service began is not made up for"
    live.now.time = midnight + 3.5 * 3600.0
    assert live._due() == "hour 3"
    jobs = Jobs(live.store, now=live.now)
    jobs.end(jobs.begin("clock"), "broken off", {})
    assert live._due() == "hour 3"
    jobs.end(jobs.begin("clock"), "broken off", {})
    assert live._due() == "", "twice is enough"
    live.now.time += DAY
    assert live._due() == "hour 3"
    jobs.end(jobs.begin("clock"), "refused", {})
    assert live._due() == ""


@pytest.mark.parametrize("ends", ["well", "killed"])
def test_a_refit_runs_in_a_process_of_its_own(night, ends, monkeypatch):
    monkeypatch.setattr(nights, "POLITE", 0)
    live = night(CHANGED, refit_holdback=share(CHANGED))
    before = live.version
    job = live.refit(actor="clock")
    assert job.state == "running"
    with pytest.raises(ComponentError, match="runs already"):
        live.refit()
    if ends == "killed":
        live.close()
        assert live.refits()[-1].state == "broken off"
        assert live.version == live.registry.standing().serving == before
        return
    live._child.process.wait(60)
    live._look()
    live.work()
    assert live.refits()[-1].state == "promoted", live.refits()[-1]
    assert live.version == live.registry.standing().serving != before


def test_a_process_that_dies_has_failed(night):
    live = night(CHANGED)
    live.refit()
    live._child.process.kill()
    live._child.process.wait()
    live._look()
    assert live.refits()[-1].state == "failed"
    assert "code -9" in live.refits()[-1].report["reason"]


def test_old_folders_of_refits_are_removed_but_never_what_may_serve_again(night, tmp_path):
    live = night(refit_keep=1, refit_margin=0.5)
    for seed in range(1, 5):
        live.feedback(readers(100 * seed, SHELVES, T + 1_000 * seed, seed=seed))
        job = live.refit(wait=True)
        assert job.state == "promoted", job.report
    folders = sorted(path.name for path in tmp_path.glob("shop*") if path.is_dir())
    assert [name.split("-")[:3] for name in folders] == [
        ["shop"],
        ["shop", "refit", "3"],
        ["shop", "refit", "4"],
    ]
    (gone,) = job.report["removed"]
    assert gone.startswith("shop-refit-2-")
    live.rollback()
    assert live.version == live.refit_job("refit-3").report["version"]
    assert live.recommend("u1", n=3).items


def test_a_folder_that_cannot_be_removed_is_told(night, monkeypatch):
    live = night(refit_keep=1, refit_margin=0.5)

    def refused(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tidying, "shutil", SimpleNamespace(rmtree=refused))
    for seed in range(1, 4):
        live.feedback(readers(100 * seed, SHELVES, T + 1_000 * seed, seed=seed))
        job = live.refit(wait=True)
    (told,) = job.report["not_removed"]
    assert told.startswith("shop-refit-1-")
    assert told.endswith("Permission denied")
    assert job.state == "promoted"
