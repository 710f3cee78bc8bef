"""Folders that can be trusted: written beside and renamed, listed with SHA-256 sums, checked when read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llm4rec.core import FolderError, NotFoundError

FORMAT = 2
MANIFEST = "manifest.json"


def refuse_foreign(target: Path, what: str = "engine") -> None:
    """FolderError where `target` holds something that `new_folder` did not write and would replace."""
    ours = (target / MANIFEST).is_file()
    if target.exists() and not ours and (not target.is_dir() or any(target.iterdir())):
        raise FolderError(f"{target} exists and is not an {what} folder; choose another name or remove it")


@contextmanager
def new_folder(target: Path, what: str = "engine") -> Iterator[Path]:
    """A scratch folder that takes the place of `target` when all went well; else `target` stays as it was.

    An existing `target` is replaced only if it is empty or was written by this function.
    """
    refuse_foreign(target, what)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise FolderError(
            f"{target} cannot be written: {error.strerror}; choose another place with -o"
        ) from error
    try:
        yield scratch
        _write_manifest(scratch, what)
        _readable(scratch)
        _swap(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _readable(folder: Path) -> None:
    """The rights that new files usually have here: some writers make theirs private."""
    mask = os.umask(0)
    os.umask(mask)
    folder.chmod(0o777 & ~mask)
    for path in folder.rglob("*"):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)


def _swap(scratch: Path, target: Path) -> None:
    if not target.exists():
        os.rename(scratch, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    os.rename(target, old / "was")
    try:
        os.rename(scratch, target)
    except OSError:
        os.rename(old / "was", target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _write_manifest(folder: Path, what: str) -> None:
    files = {
        str(path.relative_to(folder)): {"sha256": digest(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    content = {"what": what, "format": FORMAT, "files": files}
    (folder / MANIFEST).write_text(json.dumps(content, indent=1), encoding="utf-8")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked_folder(folder: Path, what: str = "engine") -> Path:
    """The folder, once every file of its manifest is there and unchanged; FolderError names the first that is not."""
    if not folder.exists():
        raise NotFoundError(f"no {what} folder {folder}; `llm4rec fit FOLDER -o {folder}` makes one")
    manifest = _manifest(folder, what)
    found = manifest.get("format")
    if not isinstance(found, int) or found < 1:
        raise FolderError(f"{folder / MANIFEST} has no valid format number; fit and save the {what} again")
    if found > FORMAT:
        raise FolderError(
            f"{folder} has format {found}, newer than the {FORMAT} this llm4rec reads; upgrade llm4rec, or fit again"
        )
    if found < FORMAT:
        raise FolderError(
            f"{folder} has format {found}, written by an older llm4rec; this one reads {FORMAT}: fit and save again"
        )
    for name, facts in manifest["files"].items():
        _check_file(folder, name, facts, what)
    return folder


def _manifest(folder: Path, what: str) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise FolderError(
            f"{folder} has no {MANIFEST}: it is not an {what} folder, or was cut short; fit again"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FolderError(f"{path} is not valid JSON ({error}); fit and save the {what} again") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise FolderError(f"{path} lists no files; fit and save the {what} again")
    return manifest


def _check_file(folder: Path, name: str, facts: Any, what: str) -> None:
    path = (folder / name).resolve()
    if not isinstance(facts, dict):
        raise FolderError(f"{folder / MANIFEST} says nothing of {name}; fit and save the {what} again")
    if not path.is_relative_to(folder.resolve()):
        raise FolderError(f"{folder / MANIFEST} names {name!r}, which lies outside the folder")
    if not path.is_file():
        raise FolderError(f"{folder} lacks {name}; copy the whole folder, or fit and save the {what} again")
    if path.stat().st_size != facts.get("bytes") or digest(path) != facts.get("sha256"):
        raise FolderError(
            f"{path} is not what was saved (truncated or changed); fit and save the {what} again"
        )
