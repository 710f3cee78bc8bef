"""`llm4rec models`: versions on record, promoted, rolled back; what cannot be trusted is refused by name."""

import json

import pytest

from llm4rec.core import FolderError, NotFoundError, SettingsError
from llm4rec.engine import Engine, Settings
from llm4rec.testing import checkerboard


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    root = tmp_path_factory.mktemp("engines")
    plain = Settings(encoder={"name": "none"}, cache={"folder": "none"})
    data = checkerboard()
    return [
        Engine(plain, model="ease", reg=float(reg), tune=False).fit(data).save(root / f"e{reg}")
        for reg in (1, 2)
    ]


def states(told, store):
    return {row["version"]: row["state"] for row in told("models", "list", store, "--json")}


def test_versions_go_the_whole_way(cli, told, engines, tmp_path):
    store = tmp_path / "shop.db"
    (tmp_path / "figures.json").write_text(json.dumps({"ndcg@10": 0.25}))
    one = told("models", "register", store, engines[0], "--metrics", tmp_path / "figures.json", "--json")
    assert one["metrics"] == {"ndcg@10": 0.25}
    two = told("models", "register", store, engines[1], "--json")["version"]
    one = one["version"]
    cli("models", "promote", store, one)
    cli("models", "shadow", store, two)
    assert states(told, store) == {one: "serving", two: "shadow"}
    cli("models", "promote", store, two[:8])
    assert states(told, store) == {one: "before", two: "serving"}
    assert "rolled back from" in cli("models", "rollback", store).stdout
    assert states(told, store) == {one: "serving", two: "registered"}
    cli("models", "shadow", store, "none")


def test_what_cannot_be_done_is_said(cli, told, engines, tmp_path):
    store = tmp_path / "shop.db"
    with pytest.raises(NotFoundError, match="no store"):
        cli("models", "list", store)
    cli("models", "register", store, engines[0])
    with pytest.raises(NotFoundError, match="no version before"):
        cli("models", "rollback", store)
    with pytest.raises(NotFoundError, match="no version 'abcd'"):
        cli("models", "promote", store, "abcd")
    with pytest.raises(NotFoundError, match="no engine folder"):
        cli("models", "register", store, tmp_path / "nowhere")
    bad = tmp_path / "bad.json"
    bad.write_text("[1]")
    with pytest.raises(SettingsError, match="names and values"):
        cli("models", "register", store, engines[0], "--metrics", bad)


def test_a_folder_that_was_changed_is_refused_and_that_stays_on_record(cli, told, tmp_path):
    plain = Settings(encoder={"name": "none"}, cache={"folder": "none"})
    folder = Engine(plain, model="ease", tune=False).fit(checkerboard()).save(tmp_path / "e")
    version = told("models", "register", tmp_path / "shop.db", folder, "--json")["version"]
    (folder / "model.safetensors").write_bytes(b"no model")
    with pytest.raises(FolderError, match=r"model\.safetensors"):
        cli("models", "promote", tmp_path / "shop.db", version)
    assert states(told, tmp_path / "shop.db") == {version: "refused"}
