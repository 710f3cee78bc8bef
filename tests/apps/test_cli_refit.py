"""`llm4rec refit` and `llm4rec store audit`: judged before it is promoted, and who did what is on record."""

import pytest

from llm4rec.core import Feedback, NotFoundError, SettingsError
from llm4rec.engine import Engine, Settings
from llm4rec.store import open_store
from llm4rec.testing import checkerboard

NOW = 1_700_000_000.0


@pytest.fixture
def kept(cli, shop, tmp_path):
    """A store in which an engine serves that was fitted on the checkerboard."""
    from llm4rec.data import read_dataset

    plain = Settings(encoder={"name": "none"}, cache={"folder": "none"})
    folder = Engine(plain, model="itemknn").fit(read_dataset(shop)).save(tmp_path / "engine")
    store = tmp_path / "shop.db"
    cli("models", "register", store, folder)
    cli("models", "promote", store, next(iter(_versions(store))))
    return store


def _versions(store):
    from llm4rec.engine.live import open_registry

    with open_registry(str(store)) as registry:
        return registry.standing().known


def more(store, people=range(100, 130)):
    """People who take things of one parity, as before: four each, the last two later."""
    with open_store(str(store)) as kept:
        kept.append(rows(people))


def rows(people=range(100, 130)):
    """Four things of one parity each."""
    return [
        Feedback(f"user-{user}", f"item-{user % 2 + 2 * n}", "click", NOW + 1_000 * (n > 1) + n)
        for user in people
        for n in range(4)
    ]


def test_a_refit_is_judged_promoted_and_audited(cli, told, kept, monkeypatch):
    monkeypatch.setenv("LLM4REC_LIVE__REFIT_LEAST", "20")
    monkeypatch.setenv("LLM4REC_LIVE__REFIT_HOLDBACK", "0.5")
    more(kept)
    before = [row["version"] for row in told("models", "list", kept, "--json")]
    job = told("refit", kept, "--json")
    assert (job["state"], job["report"]["gate"]["questions"]) == ("promoted", 30)
    states = {row["version"]: row["state"] for row in told("models", "list", kept, "--json")}
    assert states == {before[0]: "before", job["report"]["version"]: "serving"}
    audit = told("store", "audit", kept, "--json")
    assert [(row["who"], row["what"]) for row in audit] == [
        ("command", "engine registered"),
        ("command", "engine promoted"),
        ("command", "refit begun"),
        ("command", "engine registered"),
        ("command", "engine promoted"),
        ("command", "refit ended"),
    ]
    assert audit[-1]["detail"]["parent"] == before[0]
    cli("models", "rollback", kept)
    cli("store", "erase", kept, "--user", "user-100")
    last = told("store", "audit", kept, "--last", "2", "--json")
    assert [row["what"] for row in last] == ["engine rolled back", "user erased"]
    assert "user-100" not in str(last)
    assert len(told("store", "audit", kept, "--action", "refit", "--json")) == 2
    assert "promoted" in cli("store", "audit", kept).stdout


def test_what_cannot_be_judged_is_refused_and_said(cli, kept, tmp_path):
    assert "refused: nothing has happened" in cli("refit", kept).stdout
    more(kept, range(100, 103))
    assert "too few" in cli("refit", kept, "--no-promote").stdout
    with pytest.raises(NotFoundError, match="no store"):
        cli("refit", tmp_path / "nowhere.db")
    cli("store", "init", tmp_path / "empty.db")
    with pytest.raises(NotFoundError, match="promote one first"):
        cli("refit", tmp_path / "empty.db")


def test_data_may_come_from_a_folder(cli, told, kept, shop, tmp_path, monkeypatch):
    monkeypatch.setenv("LLM4REC_LIVE__REFIT_LEAST", "5")
    folder = tmp_path / "more"
    folder.mkdir()
    rows = (shop / "interactions.csv").read_text()
    rows += "".join(f"new-{u},item-{u % 2 + 2 * n},{NOW + 9 * n:.0f}\n" for u in range(40) for n in range(5))
    (folder / "interactions.csv").write_text(rows)
    (folder / "items.csv").write_text((shop / "items.csv").read_text())
    job = told("refit", kept, "--data", folder, "--no-promote", "--json")
    assert job["report"]["data"]["users"] == len(checkerboard().users) + 40
    assert job["state"] == "ready", job


def test_a_store_of_pseudonyms_is_opened_with_its_key(told, shop, tmp_path, monkeypatch):
    from llm4rec.data import read_dataset
    from llm4rec.engine.live import open_live
    from llm4rec.store import StoreConfig

    monkeypatch.setenv("A_KEY", "a key of enough letters")
    monkeypatch.setenv("LLM4REC_LIVE__REFIT_LEAST", "20")
    monkeypatch.setenv("LLM4REC_LIVE__REFIT_HOLDBACK", "0.5")
    plain = Settings(encoder={"name": "none"}, cache={"folder": "none"})
    folder = Engine(plain, model="itemknn").fit(read_dataset(shop)).save(tmp_path / "engine")
    url, config = str(tmp_path / "hidden.db"), StoreConfig(pseudonym_key_env="A_KEY")
    open_live(folder, url, store_config=config).close()
    with open_store(url, config) as kept:
        kept.append(rows())
    with pytest.raises(SettingsError, match="name the key"):
        told("refit", url, "--json")
    job = told("refit", url, "--pseudonym-key-env", "A_KEY", "--json")
    assert job["state"] == "promoted"
    with open_live(None, url, store_config=config) as live:
        assert live.serving.number("user-3") >= 0
        assert live.serving.number("user-105") >= 0
        assert live.serving.number("user-1000") == -1
