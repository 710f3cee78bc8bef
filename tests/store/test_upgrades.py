"""Schemas of other versions, pseudonyms at rest, and what stays on the disk of somebody erased."""

import pytest

from llm4rec.core import (
    AuditEntry,
    EditsVersion,
    Erasure,
    Feedback,
    Impression,
    ProfileEdits,
    SettingsError,
    Shown,
    StoreError,
    UserVersion,
)
from llm4rec.store import StoreConfig, open_store
from llm4rec.store.columns import SPECS
from llm4rec.store.database_sql import NAMES, Database, T
from llm4rec.store.migrating_sql import prepare
from llm4rec.store.schema import NEWEST
from llm4rec.testing import clicks

KEY = "LLM4REC_TEST_PSEUDONYMS"


def test_an_older_store_is_upgraded_with_its_rows(new_url):
    url = new_url()
    old = Database(url, StoreConfig())
    assert prepare(old, upto=1)["schema"] == "1"
    rows = clicks(("u", "a"), ("u", "b"))
    columns = NAMES["interactions"]
    with old.writing() as connection:
        for place, row in enumerate(rows, 1):
            values = (place, "default", row.user, row.item, row.kind, row.time, None, None, None, "{}")
            connection.execute(T["interactions"].insert(), dict(zip(columns, values, strict=True)))
        connection.execute(T["clock"].update().values(last=2))
    old.close()
    for _ in range(2):  # the second opening finds nothing to do
        with open_store(url) as store:
            assert store.about["schema"] == str(NEWEST)
            assert store.read(Feedback).rows == tuple(rows)
            assert store.read(Erasure).rows == ()
    with open_store(url) as store:
        assert store.append(clicks(("u", "c"))).first == 3
        assert not any(store.erase("u").after.values())


@pytest.mark.parametrize("version", range(1, NEWEST))
def test_a_store_of_any_older_schema_keeps_edits_after_the_upgrade(new_url, version):
    url = new_url()
    old = Database(url, StoreConfig())
    assert prepare(old, upto=version)["schema"] == str(version)
    old.close()
    edits = EditsVersion("u", 1.0, ProfileEdits(removed=("war",)))
    with open_store(url) as store:
        store.append([edits])
    with open_store(url) as store:
        assert store.current(EditsVersion, ["u"]).rows == (edits,)


def test_a_newer_store_is_refused_with_a_remedy(new_url):
    url = new_url()
    with open_store(url) as store, store.database.writing() as connection:
        connection.execute(T["meta"].update().where(T["meta"].c.name == "schema").values(value="99"))
    with pytest.raises(StoreError, match=r"schema 99.*newer llm4rec.*Upgrade"):
        open_store(url)


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    from llm4rec.store import migrating_sql

    url = str(tmp_path / "shop.db")
    old = Database(url, StoreConfig())
    prepare(old, upto=1)
    old.close()
    good = migrating_sql.STEPS
    monkeypatch.setattr(migrating_sql, "STEPS", (good[0], (*good[1], "CREATE NONSENSE")))
    with pytest.raises(StoreError):
        open_store(url)
    monkeypatch.setattr(migrating_sql, "STEPS", good)
    with open_store(url) as store:
        assert store.about["schema"] == str(NEWEST)


def test_records_and_tables_have_the_same_columns(store):
    with store.database.reading() as connection:
        for spec in SPECS.values():
            found = connection.exec_driver_sql(f'PRAGMA table_info("{spec.table}")').all()
            assert [row[1] for row in found] == ["seq", "tenant", *spec.names]


def on_disk(folder):
    return b"".join(file.read_bytes() for file in folder.iterdir())


def test_pseudonyms_hide_people_and_still_find_them(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, "a key of enough letters")
    config = StoreConfig(pseudonym_key_env=KEY)
    url = str(tmp_path / "shop.db")
    rows = [
        Feedback("margarethe", "i", "click", 1.0),
        Impression("m", "margarethe", 2.0, (Shown("i", 1.0),)),
        UserVersion("margarethe", 3.0, {"age": 31}),
        EditsVersion("margarethe", 4.0, ProfileEdits(erased=True)),
    ]
    with open_store(url, config) as store:
        store.append(rows, key="k")
        store.append([rows[0]], tenant="other")
        store.put_vectors("m", ["margarethe"], [[1.0, 2.0]], owner="user")
        (mine,) = store.recent(Feedback, ["margarethe"])
        assert (len(mine), mine[0].item) == (1, "i")
        assert len(mine[0].user) == 40
        assert store.read(Feedback, tenant="other").rows[0].user != mine[0].user, "of each tenant its own"
        assert store.current(UserVersion, ["margarethe"]).rows[0].attributes == {"age": 31}
        assert store.current(EditsVersion, ["margarethe"]).rows[0].edits.erased
        assert len(store.vectors("m", ["margarethe"], owner="user")[0]) == 1
    kept = on_disk(tmp_path)
    assert b"margarethe" not in kept
    assert b"a key of enough letters" not in kept
    with open_store(url, config) as store:
        proof = store.erase("margarethe")
        assert sum(proof.before.values()) == 5
        assert not any(proof.after.values())


def test_a_store_keeps_to_the_names_it_began_with(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, "a key of enough letters")
    config = StoreConfig(pseudonym_key_env=KEY)
    open_store(str(tmp_path / "hidden.db"), config).close()
    open_store(str(tmp_path / "open.db")).close()
    with pytest.raises(SettingsError, match="gives none"):
        open_store(str(tmp_path / "hidden.db"))
    with pytest.raises(SettingsError, match="for a new store"):
        open_store(str(tmp_path / "open.db"), config)
    monkeypatch.setenv(KEY, "another key of enough letters")
    with pytest.raises(SettingsError, match="gives another key") as caught:
        open_store(str(tmp_path / "hidden.db"), config)
    assert "another key of enough" not in str(caught.value)
    monkeypatch.setenv(KEY, "short")
    with pytest.raises(SettingsError, match="holds 5 characters"):
        open_store(str(tmp_path / "new.db"), config)
    monkeypatch.delenv(KEY)
    with pytest.raises(SettingsError, match="is not set"):
        open_store(str(tmp_path / "new.db"), config)


def test_the_erased_are_gone_from_the_file_and_its_log(tmp_path):
    with open_store(str(tmp_path / "shop.db")) as store:
        store.append(clicks(*(("margarethe", f"i{n}") for n in range(500))))
        store.append([AuditEntry("k", "look", 1.0, "margarethe"), UserVersion("margarethe", 1.0, {"a": "b"})])
        store.append(clicks(("v", "a")))
        assert b"margarethe" in on_disk(tmp_path)
        store.erase("margarethe")
        assert b"margarethe" not in on_disk(tmp_path)
        assert len(store.read(Feedback).rows) == 1
