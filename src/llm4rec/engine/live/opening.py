"""The door of this room: an engine, or its folder, and a store, or its URL, into a `Live`."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from llm4rec.core import DEFAULT_TENANT, FolderError, NotFoundError, Store
from llm4rec.engine.live.jobs import Job, Jobs
from llm4rec.engine.live.live import Live
from llm4rec.engine.live.naming import Naming
from llm4rec.engine.live.nights import run_refit
from llm4rec.engine.live.refitting import Night, Say
from llm4rec.engine.live.registry import Registry
from llm4rec.engine.storing import opened
from llm4rec.store import StoreConfig, open_store

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine
    from llm4rec.engine.settings import Settings

COMMAND = "command"
"""Who did what was done on the machine, in the audit."""


def open_live(
    engine: Engine | str | Path | None,
    store: Store | str,
    *,
    settings: Settings | None = None,
    tenant: str = DEFAULT_TENANT,
    now: Callable[[], float] = clock.time,
    store_config: StoreConfig | None = None,
) -> Live:
    """A live engine; `settings` say what a folder never does: section `live`, the generator, files.

    A folder is registered and promoted where the store says of no version that it serves; where it does, that version
    serves, whatever the folder (None: nothing else). A store that is given by its URL is closed with it. FolderError
    where the folder cannot be trusted.
    """
    own = isinstance(store, str)
    kept = open_store(store, store_config or StoreConfig()) if isinstance(store, str) else store
    try:
        registry = Registry(kept, tenant=tenant, now=now)
        found, version = _found(engine, registry, settings, Naming.of(kept, tenant))
        if settings is not None:
            found = found.over(found.fitted)
            found.settings = found.settings.model_copy(update={"live": settings.live})
        return Live(found, kept, tenant=tenant, version=version, now=now, owns_store=own)
    except BaseException:
        if own:
            kept.close()
        raise


@contextmanager
def open_registry(
    store: str, tenant: str = DEFAULT_TENANT, pseudonym_key_env: str = "", new: bool = False
) -> Iterator[Registry]:
    """The engine versions of a store, by its URL, for as long as the block runs; only with `new` is a store made.

    What changes stands in the audit as done by a command.
    """
    with opened(store, pseudonym_key_env, new=new) as kept:
        yield Registry(kept, tenant=tenant, actor=COMMAND)


def _found(
    engine: Engine | str | Path | None, registry: Registry, settings: Settings | None, naming: Naming
) -> tuple[Engine, str]:
    """The engine that serves first, and its version: an engine as it is, else what was promoted, else the folder."""
    from llm4rec.engine.engine import Engine as Kind

    if isinstance(engine, Kind):
        return engine, ""
    standing = registry.standing()
    while standing.serving:
        version = standing.serving
        try:
            return registry.load(version, settings), version
        except FolderError:
            # Recorded as refused: the version before serves, and where there is none it is an error.
            standing = registry.standing()
            if not standing.serving:
                raise
    if engine is None:
        raise NotFoundError("the store says of no engine that it serves; name a folder, or promote one")
    version = registry.register(engine).version
    found = naming.checked(registry.load(version, settings))
    registry.promote(version)
    return found, version


def refit_store(
    store: str,
    settings: Settings,
    *,
    tenant: str = DEFAULT_TENANT,
    promote: bool = True,
    data: Path | None = None,
    progress: Say | None = None,
    pseudonym_key_env: str = "",
) -> Job:
    """Fit again, in this process, what a store says serves; `settings` as of `open_live`. ComponentError where a refit runs.

    `pseudonym_key_env`: as of `StoreConfig`, for a store that keeps pseudonyms. Services that run take over what was promoted.
    """
    with opened(store, pseudonym_key_env, new=False) as kept:
        registry = Registry(kept, tenant=tenant, actor=COMMAND)
        night = Night(kept, tenant, registry, settings, promote, data)
        return run_refit(night, Jobs(kept, tenant=tenant), COMMAND, progress=progress)
