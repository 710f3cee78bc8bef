"""A folder is whole, unchanged and ours, or it is refused by name."""

import hashlib
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm4rec.core import FolderError, NotFoundError
from llm4rec.engine.folder import FORMAT, MANIFEST, checked_folder, digest, new_folder


@pytest.fixture
def folder(tmp_path):
    target = tmp_path / "engine"
    with new_folder(target) as scratch:
        (scratch / "a.txt").write_text("alpha")
        (scratch / "sub").mkdir()
        (scratch / "sub" / "b.bin").write_bytes(b"\x00\x01")
    return target


def change(folder, **facts):
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | facts))


@given(st.binary(max_size=200))
def test_the_digest_is_sha256(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "digested"
    path.write_bytes(content)
    assert digest(path) == hashlib.sha256(content).hexdigest()


@given(st.binary(min_size=1, max_size=60), st.integers(0, 10**6), st.integers(1, 255))
def test_any_changed_byte_is_found(tmp_path_factory, content, place, change_by):
    target = tmp_path_factory.mktemp("any") / "engine"
    with new_folder(target) as scratch:
        (scratch / "data").write_bytes(content)
    assert checked_folder(target) == target
    changed = bytearray(content)
    changed[place % len(content)] ^= change_by
    (target / "data").write_bytes(changed)
    with pytest.raises(FolderError, match="data is not what was saved"):
        checked_folder(target)


def test_every_file_is_listed_with_its_sum(folder):
    manifest = json.loads((folder / MANIFEST).read_text())
    assert set(manifest["files"]) == {"a.txt", "sub/b.bin"}
    assert manifest["files"]["a.txt"] == {"sha256": hashlib.sha256(b"alpha").hexdigest(), "bytes": 5}
    assert manifest["format"] == FORMAT
    assert checked_folder(folder) == folder


def test_a_missing_file_is_named(folder):
    (folder / "sub" / "b.bin").unlink()
    with pytest.raises(FolderError, match=r"lacks sub/b\.bin; copy the whole folder"):
        checked_folder(folder)


@pytest.mark.parametrize(
    "text", ["{", "\udcff", "[]", '"text"', '{"format": 1}', '{"format": 1, "files": []}']
)
def test_a_manifest_that_is_none_is_refused(folder, text):
    (folder / MANIFEST).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FolderError, match=r"manifest\.json"):
        checked_folder(folder)


@pytest.mark.parametrize("facts", [3, None, [], {}, {"bytes": 5}])
def test_a_manifest_whose_facts_are_none_is_refused(folder, facts):
    change(folder, files={"a.txt": facts})
    with pytest.raises(FolderError, match=r"a\.txt"):
        checked_folder(folder)


@pytest.mark.parametrize("found", [None, "1", 0, -1, 1.5])
def test_a_format_that_is_no_number_is_refused(folder, found):
    change(folder, format=found)
    with pytest.raises(FolderError, match="no valid format number"):
        checked_folder(folder)


def test_an_older_format_asks_to_fit_again(folder):
    change(folder, format=FORMAT - 1)
    with pytest.raises(FolderError, match=r"written by an older llm4rec.*fit and save again"):
        checked_folder(folder)


def test_a_newer_format_asks_for_an_upgrade(folder):
    change(folder, format=FORMAT + 1)
    with pytest.raises(FolderError, match=r"newer than .* upgrade llm4rec"):
        checked_folder(folder)


@pytest.mark.parametrize("name", ["../secret.txt", "sub/../../secret.txt", "/etc/hostname"])
def test_a_manifest_cannot_name_files_outside(folder, name):
    secret = folder.parent / "secret.txt"
    secret.write_text("alpha")
    change(folder, files={name: {"sha256": digest(secret), "bytes": 5}})
    with pytest.raises(FolderError, match="outside the folder"):
        checked_folder(folder)


def test_a_link_to_the_outside_is_outside(folder):
    secret = folder.parent / "secret.txt"
    secret.write_text("alpha")
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(secret)
    with pytest.raises(FolderError, match="outside the folder"):
        checked_folder(folder)


def test_what_is_not_there_or_not_a_folder_of_ours_is_told_apart(tmp_path, folder):
    with pytest.raises(NotFoundError, match="no engine folder"):
        checked_folder(tmp_path / "absent")
    (tmp_path / "other").mkdir()
    with pytest.raises(FolderError, match="it is not an engine folder, or was cut short"):
        checked_folder(tmp_path / "other")
    with pytest.raises(FolderError, match="not an engine folder"):
        checked_folder(folder / "a.txt")


def test_a_foreign_folder_is_never_overwritten(tmp_path):
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "me.jpg").write_bytes(b"me")
    with pytest.raises(FolderError, match="exists and is not an engine folder"), new_folder(foreign):
        pytest.fail("nothing is written before that is known")
    assert (foreign / "me.jpg").read_bytes() == b"me"
    assert [p.name for p in tmp_path.iterdir()] == ["photos"]


def test_a_file_in_the_way_is_never_overwritten(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(FolderError, match="choose another name"), new_folder(tmp_path / "notes"):
        pytest.fail("nothing is written before that is known")
    assert (tmp_path / "notes").read_text() == "mine"


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "engine").mkdir()
    with new_folder(tmp_path / "engine") as scratch:
        (scratch / "a.txt").write_text("a")
    assert checked_folder(tmp_path / "engine")


def test_an_old_folder_is_replaced_whole(folder):
    with new_folder(folder) as scratch:
        (scratch / "new.txt").write_text("new")
    assert sorted(p.name for p in checked_folder(folder).iterdir()) == [MANIFEST, "new.txt"]
    assert [p.name for p in folder.parent.iterdir()] == ["engine"]


def half_written(folder, error):
    with new_folder(folder) as scratch:
        (scratch / "half.txt").write_text("half")
        raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interruption_leaves_the_old_folder_and_no_scratch(folder, error):
    with pytest.raises(error):
        half_written(folder, error)
    assert (checked_folder(folder) / "a.txt").read_text() == "alpha"
    assert [p.name for p in folder.parent.iterdir()] == ["engine"]


def test_a_swap_that_fails_puts_the_old_folder_back(folder, monkeypatch):
    rename = os.rename

    def refuse(source, target):
        if target == folder and "-old-" not in str(source):
            raise OSError("the disk went away")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(OSError, match="went away"):
        replace_by(folder, "new.txt")
    assert (checked_folder(folder) / "a.txt").read_text() == "alpha"
    assert [p.name for p in folder.parent.iterdir()] == ["engine"]


def replace_by(folder, name):
    with new_folder(folder) as scratch:
        (scratch / name).write_text("new")


def test_an_interruption_where_nothing_was_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), new_folder(tmp_path / "engine"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
