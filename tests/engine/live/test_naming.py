"""What anyone may rely on where a store keeps pseudonyms: refits learn from its people, and no folder names them."""

import re

import numpy as np
import pytest

from llm4rec.core import ComponentError, Report
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import nights, open_live
from llm4rec.engine.live.naming import Naming
from llm4rec.store import StoreConfig, open_store

from .conftest import PLAIN, Clock
from .test_nights import ACROSS, CHANGED, DAY, OLD, SHELVES, T, readers, share, shop, takes

KEY = "LLM4REC_TEST_PEOPLE_KEY"
ALL = 24


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """Item neighbours on three shelves, fitted on plain ids."""
    engine = Engine(Settings(**PLAIN), model="itemknn").fit(shop(OLD))
    engine.reports.add(Report("report", "i3", "u7", "other", "dull", T))
    return engine.save(tmp_path_factory.mktemp("e") / "shop")


@pytest.fixture
def hidden(tmp_path, monkeypatch):
    """A store that keeps pseudonyms."""
    monkeypatch.setenv(KEY, "a key of enough letters")
    config = StoreConfig(busy_seconds=0.2, pseudonym_key_env=KEY)
    with open_store(str(tmp_path / "hidden.db"), config) as store:
        yield store


@pytest.fixture
def live(plain, hidden, tmp_path):
    """A service over its own copy of the folder, with feedback of a changed taste."""
    import shutil

    shutil.copytree(plain, tmp_path / "shop")
    clock = Clock()
    clock.time = T + 3 * DAY
    some = {"refit_least": 20, "refit_growth": 99.0, "refit_holdback": share(CHANGED)}
    with open_live(tmp_path / "shop", hidden, settings=Settings(**PLAIN, live=some), now=clock) as one:
        one.feedback(CHANGED + takes(5, ACROSS[0][3:6], T + 1_200))
        yield one


def likes(live, user):
    """All items in the order in which somebody is shown them."""
    answer = live.recommend(user=user, n=ALL)
    return answer.items, [note for note in answer.degraded if "not known" in note]


def words(folder):
    """All words in all files of a folder, tables unpacked."""
    from pyarrow.parquet import read_table

    found = ""
    for file in folder.rglob("*"):
        packed = file.suffix == ".parquet"
        found += str(read_table(file).to_pydict()) if packed else file.read_bytes().decode(errors="replace")
    return set(re.findall(r"\w+", found))


def test_a_refit_joins_what_somebody_did_before_and_since(live, hidden, tmp_path):
    known = set(live.serving.base.fitted.dataset.history(live.serving.number("u5")).items.tolist())
    job = live.refit(wait=True)
    assert job.state == "promoted", job.report
    assert job.report["gate"]["questions"] == 61
    fitted = live.serving.base.fitted
    assert fitted.pseudonyms == Naming.of(hidden, "default").mark != ""
    assert "u5" not in fitted.dataset.users.ids
    joined = fitted.dataset.history(live.serving.number("u5"))
    ids = fitted.catalog.ids
    older = {ids.number(f"i{n}") for n in known} if known else set()
    assert older <= set(joined.items.tolist())
    assert len(joined) == 9, "six of the first fit, three of the store"
    items, degraded = likes(live, "u5")
    assert len(items) == ALL - len(set(joined.items.tolist()))
    assert degraded == []
    assert likes(live, "u9999")[1] == ["user 'u9999' is not known"]


def test_no_file_of_it_names_anybody(live, plain, tmp_path):
    assert {"u17", "u7"} <= words(plain), "the folder that was given has its ids"
    job = live.refit(wait=True)
    (folder,) = tmp_path.glob("shop-refit-*")
    written = words(folder)
    assert live.naming.at_rest("u305") in written
    assert not [word for word in written if re.fullmatch(r"u[0-9]+", word)]
    made = Engine.load(folder)
    assert not [name for name in made.fitted.dataset.users.ids.ids if len(str(name)) != 40]
    assert [len(one.user) for one in made.reports.all] == [40]
    assert any("pseudonyms" in note for note in made.fitted.told)
    assert made.fitted.people_ids == ()
    assert job.state == "promoted"


def test_back_and_forth_everybody_is_known(live):
    plain_version = live.version
    before = live.serving.number("u5")
    first = live.refit(wait=True).report["version"]
    after = likes(live, "u5")[0]
    live.rollback()
    assert live.version == plain_version
    assert live.serving.number("u5") == before >= 0
    assert likes(live, "u5")[1] == []
    live.promote(first)
    assert live.serving.number("u5") >= 0
    assert likes(live, "u5")[0] == after
    live.run_shadow(plain_version)
    assert live.shadow.serving.number("u5") == before


def test_a_second_refit_goes_on_from_pseudonyms(live):
    live.refit(wait=True)
    users = set(live.serving.base.fitted.dataset.users.ids.ids)
    live.feedback(readers(500, ACROSS, T + 9_000, seed=9) + takes(5, ACROSS[1][:2], T + 9_100))
    live.now.time += DAY
    job = live.refit(wait=True)
    assert job.state == "promoted", job.report
    fitted = live.serving.base.fitted
    assert users < set(fitted.dataset.users.ids.ids)
    assert len(users) + 60 == len(fitted.dataset.users)
    assert len(fitted.dataset.history(live.serving.number("u5"))) == 11


def test_a_process_of_its_own_finds_the_key_in_the_environment(live, tmp_path, monkeypatch):
    monkeypatch.setattr(nights, "POLITE", 0)
    live.refit(actor="clock")
    live._child.process.wait(60)
    live._look()
    live.work()
    assert live.refits()[-1].state == "promoted", live.refits()[-1]
    assert live.serving.base.fitted.pseudonyms == live.naming.mark
    assert live.serving.number("u5") >= 0


def test_attributes_join(live):
    live.upsert_users([{"user": "u5", "attributes": {"city": "Ulm"}}])
    live.refit(wait=True)
    fitted = live.serving.base.fitted
    column = fitted.dataset.users.columns["city"].values
    assert column[live.serving.number("u5")] == "Ulm"
    assert (column == "Ulm").sum() == 1


def test_who_is_erased_is_gone_from_an_engine_that_knows_pseudonyms(live):
    live.refit(wait=True)
    assert live.serving.number("u5") >= 0
    proof = live.erase("u5")
    assert proof.method == "forgotten"
    assert live.serving.number("u5") == -1
    assert live.export("u5")["fitted"] == []
    assert live.serving.number("u6") >= 0
    live.now.time += DAY
    live.feedback(readers(600, ACROSS, T + 9_000, seed=9))
    job = live.refit(wait=True)
    assert job.report["data"]["erased"] == 1
    assert job.report["start"]["kind"] == "cold"
    assert live.naming.at_rest("u5") not in live.serving.base.fitted.dataset.users.ids
    assert live.naming.at_rest("u6") in live.serving.base.fitted.dataset.users.ids


def test_other_workers_forget_the_pseudonyms_of_who_was_erased(live, hidden):
    live.refit(wait=True)
    with open_live(None, hidden, settings=Settings(**PLAIN), now=live.now) as there:
        there.recommend(user="u5")
        assert there.serving.number("u5") >= 0
        live.erase("u5")
        there.follow()
        assert there.serving.number("u5") == -1
        assert there.states.held(live.naming.at_rest("u5")) is None


def test_an_engine_whose_names_nobody_can_make_is_refused(live, hidden, tmp_path, monkeypatch):
    live.refit(wait=True)
    (folder,) = tmp_path.glob("shop-refit-*")
    with open_store(str(tmp_path / "open.db")) as other:
        with pytest.raises(ComponentError, match="another key or tenant"):
            open_live(folder, other)
        there = open_live(tmp_path / "shop", other, settings=Settings(**PLAIN))
        version = there.version
        with pytest.raises(ComponentError, match="another key or tenant"):
            there.promote(there.register(folder).version)
        assert there.version == version
        there.close()
    with pytest.raises(ComponentError, match="another key or tenant"):
        open_live(folder, hidden, tenant="b")
    monkeypatch.setenv(KEY, "another key of enough letters")
    third = open_store(str(tmp_path / "b.db"), StoreConfig(pseudonym_key_env=KEY))
    with third, pytest.raises(ComponentError, match="another key or tenant"):
        open_live(folder, third)


def test_what_was_exported_keeps_its_pseudonyms(live):
    data = live.naming.data(shop(OLD))
    assert data.users.ids.ids != shop(OLD).users.ids.ids
    assert live.naming.data(data).users.ids == data.users.ids


def test_plain_stores_go_on_as_they_were(store):
    naming, data = Naming.of(store, "default"), shop(OLD)
    assert naming.mark == ""
    assert naming.data(data) is data
    assert naming.at_rest(5) == "5"
    engine = Engine(Settings(**PLAIN), model="popular").fit(data)
    assert naming.engine(engine) is engine
    assert engine.fitted.people_ids == data.users.ids.ids
    assert np.array_equal(SHELVES.shape, (3, 8))
