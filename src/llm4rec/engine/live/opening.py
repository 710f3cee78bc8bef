"""The door of this room: an engine, or its folder, and a store, or its URL, into a `Live`."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm4rec.core import DEFAULT_TENANT, Store
from llm4rec.engine.live.live import Live
from llm4rec.store import StoreConfig, open_store

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine
    from llm4rec.engine.settings import Settings


def open_live(
    engine: Engine | str | Path,
    store: Store | str,
    *,
    settings: Settings | None = None,
    tenant: str = DEFAULT_TENANT,
    now: Callable[[], float] = clock.time,
    store_config: StoreConfig | None = None,
) -> Live:
    """A live engine; `settings` say what a folder never does: section `live`, the generator, files.

    A store that is given by its URL is closed with it. FolderError where the folder cannot be trusted.
    """
    from llm4rec.engine.engine import Engine as Kind

    more: dict[str, Any] = {"tenant": tenant, "now": now}
    if not isinstance(engine, Kind):
        engine = Kind.load(engine, settings)
    if settings is not None:
        engine = engine.over(engine.fitted)
        engine.settings = engine.settings.model_copy(update={"live": settings.live})
    if not isinstance(store, str):
        return Live(engine, store, **more)
    opened = open_store(store, store_config or StoreConfig())
    try:
        return Live(engine, opened, owns_store=True, **more)
    except BaseException:
        opened.close()
        raise
