"""What anyone may rely on when engines change under a running service: one version an answer, no failure, a way back."""

import threading

import pytest

from llm4rec.core import FolderError, NotFoundError
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import open_live
from llm4rec.engine.live.registry import Registry
from llm4rec.engine.settings import RerankSettings
from llm4rec.store import open_store
from llm4rec.testing import checkerboard

from .conftest import PLAIN


def backwards(dataset):
    """The same things under the same ids, with other numbers."""
    from dataclasses import replace

    import numpy as np

    order = np.arange(len(dataset.catalog))[::-1]
    events = replace(dataset.interactions, items=len(order) - 1 - dataset.interactions.items)
    return replace(dataset, catalog=dataset.catalog.take(order), interactions=events)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Two engines that answer alike by ids and number the items the other way round."""
    root = tmp_path_factory.mktemp("engines")
    made = {}
    for name, data in (("one", checkerboard()), ("two", backwards(checkerboard()))):
        engine = Engine(Settings(**PLAIN), model="ease", reg=1.0 + len(made), tune=False).fit(data)
        made[name] = engine.save(root / name)
    return made


@pytest.fixture
def live(folders, store):
    with open_live(folders["one"], store, settings=Settings(**PLAIN)) as live:
        yield live


def test_the_folder_serves_and_is_on_record_with_its_lineage(live, folders):
    standing = live.registry.standing()
    (record,) = standing.known.values()
    assert live.version == standing.serving == record.version
    assert record.folder == str(folders["one"])
    assert record.settings["model"] == "ease"
    second = live.register(folders["two"], metrics={"ndcg@10": 0.5})
    assert second.parent == record.version
    assert second.fingerprint != record.fingerprint
    assert live.registry.standing().state(second.version) == "registered"


def test_twenty_promotions_under_load_fail_nobody_and_mix_no_versions(live, folders):
    versions = [live.version, live.register(folders["two"]).version]
    right = {f"user-{n}": f"item-{n}" for n in range(20)}
    errors, answers, stop = [], [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                user = f"user-{len(answers) % 20}"
                found = live.recommend_many([{"user": user, "n": 1}, {"user": user, "n": 3}])
                answers.append((user, found))
            except Exception as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(20):
        live.promote(versions[(turn + 1) % 2])
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors
    assert {version for _, found in answers for version in [a.version for a in found]} == set(versions)
    for user, (short, long) in answers:
        assert short.items == long.items[:1] == (right[user],), "numbers of one engine, names of another"
        assert short.version == long.version


def test_the_way_back_leads_back_further_each_time(live, folders):
    one, two = live.version, live.register(folders["two"]).version
    with pytest.raises(NotFoundError, match="no version before"):
        live.rollback()
    live.promote(two)
    assert live.version == two
    live.rollback()
    assert live.version == one
    with pytest.raises(NotFoundError):
        live.rollback()
    assert live.version == one


def test_a_corrupt_engine_is_refused_with_the_reason_and_the_old_one_goes_on(live, tmp_path):
    engine = Engine(Settings(**PLAIN), model="ease", reg=9.0, tune=False).fit(checkerboard())
    folder = engine.save(tmp_path / "bad")
    version, before = live.register(folder).version, live.version
    model = folder / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-4] + b"oops")
    with pytest.raises(FolderError, match=r"model\.safetensors"):
        live.promote(version)
    assert live.version == before
    assert live.recommend(user="user-4", n=1).items == ("item-4",)
    standing = live.registry.standing()
    assert standing.state(version) == "refused"
    assert "model.safetensors" in standing.refused[version]


def test_a_folder_that_was_replaced_since_is_not_what_was_promoted(live, tmp_path):
    engine = Engine(Settings(**PLAIN), model="ease", reg=9.0, tune=False).fit(checkerboard())
    version = live.register(engine.save(tmp_path / "x")).version
    Engine(Settings(**PLAIN), model="ease", reg=8.0, tune=False).fit(checkerboard()).save(tmp_path / "x")
    with pytest.raises(FolderError, match="is version"):
        live.promote(version)


def test_a_promotion_by_another_process_is_followed_and_a_restart_remembers_it(live, folders, tmp_path):
    with open_store(str(tmp_path / "shop.db")) as other:
        registry = Registry(other)
        two = registry.register(folders["two"]).version
        registry.promote(two)
    live.work()
    assert live.version == two
    with open_live(None, live.store) as again:
        assert again.version == two


def test_a_shadow_is_compared_and_never_shown(live, folders):
    two = live.register(folders["two"]).version
    live.run_shadow(two)
    answers = [live.recommend(user=f"user-{n}", n=3) for n in range(10)]
    assert {answer.version for answer in answers} == {live.version} != {two}
    live.work()
    told = live.shadow.figures()
    assert (told["version"], told["asked"], told["same_first"]) == (two, 10, 1.0)
    live.run_shadow("")
    assert live.shadow is None


def test_versions_are_found_by_how_they_begin(live):
    assert live.registry.record(live.version[:6]).version == live.version
    with pytest.raises(NotFoundError, match="no version 'ffff"):
        live.registry.record("ffffffff")
    with pytest.raises(NotFoundError, match="name a folder"):
        open_live(None, live.store, tenant="acme")


def test_another_order_goes_with_its_version_and_is_followed_and_remembered(live, folders, tmp_path):
    second = live.register(folders["two"]).version
    first = live.version
    with open_store(str(tmp_path / "shop.db")) as other_store, open_live(None, other_store) as other:
        plain = live.recommend(user="user-0", n=4).items
        live.reorder(RerankSettings(order=("mmr",), options={"mmr": {"strength": 1.0}}))
        assert live.serving.engine.fitted.rerank.order == ("mmr",)
        other.work()
        assert other.serving.engine.fitted.rerank.options == {"mmr": {"strength": 1.0}}
        live.promote(second)
        assert live.serving.engine.fitted.rerank.order == ()
        live.rollback()
        assert live.version == first
        assert live.serving.engine.fitted.rerank.order == ("mmr",)
        live.reorder(RerankSettings())
        assert live.recommend(user="user-0", n=4).items == plain


def test_an_order_that_cannot_be_is_refused_and_leaves_everything_as_it_was(live):
    with pytest.raises(NotFoundError, match="mmmr"):
        live.reorder(RerankSettings(order=("mmmr",)))
    assert live.serving.engine.fitted.rerank.order == ()
    assert live.registry.standing().orders == {}
