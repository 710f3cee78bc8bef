"""What anyone may rely on of what a refit begins from: what was learnt is taken over only where that is right."""

from dataclasses import replace

import pytest

from llm4rec.engine import Engine, Settings
from llm4rec.engine.build import build_model
from llm4rec.engine.fitted import Since
from llm4rec.engine.live import open_live
from llm4rec.engine.live.beginning import beginning, found_worse
from llm4rec.engine.live.gathering import gathered
from llm4rec.engine.live.jobs import Job
from llm4rec.engine.live.naming import Naming
from llm4rec.engine.live_settings import LiveSettings

from .conftest import PLAIN, Clock
from .test_nights import DAY, OLD, POISON, SAME, SHELVES, T, readers, share, shop, takes


@pytest.fixture(scope="session")
def factors(tmp_path_factory):
    """Implicit ALS on three shelves, in a folder."""
    options = {"embedding_size": 6, "tune": False, "decay": None}
    engine = Engine(Settings(**PLAIN), model="als", **options).fit(shop(OLD))
    return engine.save(tmp_path_factory.mktemp("als") / "shop")


@pytest.fixture
def night(factors, store, tmp_path):
    """A live engine over its own copy of the folder: night(rows, refit_warm=False)."""
    import shutil

    opened = []

    def make(rows=(), **live):
        shutil.copytree(factors, tmp_path / "shop")
        clock = Clock()
        clock.time = T + 3 * DAY
        given = Settings(**PLAIN, live={"refit_least": 20, "refit_growth": 9.0, "refit_margin": 0.3, **live})
        opened.append(open_live(tmp_path / "shop", store, settings=given, now=clock))
        opened[-1].feedback(rows)
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def fitted(live):
    return live.serving.base.fitted


def test_a_refit_begins_from_what_serves_and_says_so(night):
    live = night(SAME, refit_holdback=share(SAME))
    before = fitted(live).version
    job = live.refit(wait=True)
    assert job.state == "promoted", job.report
    assert job.report["start"] == {"kind": "warm", "why": "what serves is taken over"}
    assert fitted(live).since == Since(before, 1, len(OLD))
    assert fitted(live).notes[0] == "refit: 3 of 10 sweeps from where the fit before ended"
    live.feedback(readers(200, SHELVES, T + 5_000, seed=5))
    again = live.refit(wait=True)
    assert again.report["start"]["kind"] == "warm"
    assert fitted(live).since.refits == 2


def test_it_is_another_version_than_that_of_a_fit_from_the_start(night, store):
    live = night(SAME, refit_holdback=share(SAME))
    warm = live.refit(wait=True, promote=False).report["version"]
    live.settings = live.settings.model_copy(update={"refit_warm": False})
    job = live.refit(wait=True, promote=False)
    assert job.report["start"] == {"kind": "cold", "why": "refit_warm is false"}
    assert job.report["version"] != warm
    assert live.registry.load(job.report["version"], Settings(**PLAIN)).fitted.since.version == ""


def test_nothing_is_taken_over_from_parameters_that_hold_who_was_erased(night):
    live = night(SAME, refit_holdback=share(SAME))
    live.erase("u5")
    job = live.refit(wait=True)
    assert job.report["start"] == {"kind": "cold", "why": "1 people are to be forgotten"}
    assert fitted(live).since.version == ""
    live.feedback(
        readers(200, SHELVES, T + 5_000, seed=5) + takes(5, SHELVES[0], live.store.clock() + 4 * DAY)
    )
    again = live.refit(wait=True)
    assert again.report["data"]["erased"] == 0, "who comes back is not forgotten twice"


def test_nor_from_those_that_hold_who_is_left_out_as_quiet(night, store):
    live = night(readers(200, SHELVES, T + 300 * DAY, seed=5))
    some = LiveSettings(refit_days=100.0, refit_replay=0.5, refit_growth=9.0)
    found = gathered(fitted(live).dataset, store, Naming("default"), some)
    begun = beginning(live.serving.base, found.dataset, some)
    assert (begun.kind, begun.why) == (
        "cold",
        f"{found.quiet} people of whom it has learnt are not in the data any more",
    )


def test_everything_is_chosen_anew_at_every_third_refit(night):
    live = night(refit_choose=3)
    kinds = []
    for seed in range(1, 8):
        live.feedback(readers(100 * seed, SHELVES, T + 1_000 * seed, many=24, seed=seed))
        live.now.time += DAY
        kinds.append(live.refit(wait=True).report["start"]["kind"])
    assert kinds == ["warm", "warm", "anew", "warm", "warm", "anew", "warm"]


def test_and_where_the_data_have_grown(night):
    live = night(SAME, refit_growth=1.5)
    job = live.refit(wait=True)
    start = job.report["start"]
    assert (start["kind"], start["why"]) == ("anew", "settings were chosen on 360 events, now there are 720")
    assert fitted(live).since == Since("", 0, 720)


def test_and_after_the_check_has_refused_what_took_settings_over(night):
    rows = POISON + SAME
    live = night(rows, refit_holdback=share(rows), refit_margin=0.05)
    first, second, third = (live.refit(wait=True).report for _ in range(3))
    assert first["gate"]["passes"] is False
    assert [one["start"]["kind"] for one in (first, second, third)] == ["warm", "anew", "warm"]
    assert second["start"]["why"] == "the refit before, which took settings over, was refused"


def test_an_engine_of_before_this_was_kept_counts_what_it_was_fitted_on(night, store):
    live = night(SAME)
    base = live.serving.base
    old = base.over(replace(base.fitted, since=Since()))
    data = gathered(base.fitted.dataset, store, Naming("default"), LiveSettings()).dataset
    assert beginning(old, data, LiveSettings()).why == "settings were chosen on 360 events, now there are 720"
    assert beginning(old, data, LiveSettings(refit_growth=3.0)).kind == "warm"


def test_a_student_keeps_what_its_teacher_taught(night, store):
    base = night(SAME).serving.base
    data = gathered(base.fitted.dataset, store, Naming("default"), LiveSettings()).dataset
    assert beginning(base, data, LiveSettings(), worse=True).kind == "anew"
    student = base.over(replace(base.fitted, model=build_model("student.two-tower", {})))
    assert beginning(student, data, LiveSettings(), worse=True).kind == "warm"


def test_only_what_was_judged_and_took_something_over_counts_as_found_worse():
    def job(passes, kind="warm", parent="v"):
        told = {"parent": parent, "gate": {"passes": passes}, "start": {"kind": kind}}
        return Job("refit-1", "clock", T, "refused", T, told)

    assert found_worse("v", [job(False)])
    assert found_worse("v", [job(False, "cold"), Job("refit-2", "clock", T)])
    for jobs in ([], [job(None)], [job(True)], [job(False, "anew")], [job(False, parent="w")]):
        assert not found_worse("v", jobs)
    assert not found_worse("v", [job(False), job(False, "anew")])
