"""The process around the application: engine and store opened, the port bound where that is safe, workers, shutdown."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING

from llm4rec.apps.rest.options import ServeSettings
from llm4rec.core import SettingsError

if TYPE_CHECKING:
    from fastapi import FastAPI

OPTIONS = "L4R_SERVE"
"""The environment variable by which workers are told what they serve."""
SWITCH = 0.001
"""Seconds that a thread may compute while another waits; Python's 5 ms cost 6 % of the answers under full load."""


def serve(engine: str | None, store: str, settings: ServeSettings, settings_file: str = "") -> None:
    """Serve until the process is told to stop; what waits is written before it ends.

    SettingsError where a service without keys would be reached from other machines.
    """
    import uvicorn

    from llm4rec.apps.rest.metrics import SHARED

    check_door(store, settings)
    told = {"engine": engine, "store": store, "settings": settings.model_dump(), "file": settings_file}
    os.environ[OPTIONS] = json.dumps(told)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # workers are the way to more cores
    with tempfile.TemporaryDirectory() as figures:
        if settings.workers > 1:
            os.environ[SHARED] = figures
        uvicorn.run(
            "llm4rec.apps.rest.serving:application",
            factory=True,
            host=settings.host.strip("[]"),
            port=settings.port,
            workers=settings.workers,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            ws="websockets-sansio" if settings.with_page else "none",
            ws_max_size=settings.body_bytes,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=int(settings.shutdown_seconds),
        )


def check_door(store: str, settings: ServeSettings) -> None:
    """SettingsError where the service could be reached from elsewhere and there is no key."""
    from llm4rec.apps.rest.keys import known
    from llm4rec.engine.storing import opened

    if settings.loopback:
        return
    with opened(store, settings.pseudonym_key_env, new=True) as kept:
        usable = any(not key.revoked for key in known(kept).values())
    if not usable:
        raise SettingsError(
            f"--host {settings.host} can be reached from other machines, and no key guards this service; "
            "make one with `llm4rec keys create STORE --role write`, or serve on 127.0.0.1"
        )


def application() -> FastAPI:
    """What a worker runs, as the environment says."""
    import gc
    import sys
    from pathlib import Path

    from llm4rec.apps.rest.app import create_app
    from llm4rec.apps.rest.logs import to_standard_error
    from llm4rec.apps.rest.memory import large_blocks_go_back
    from llm4rec.engine import read_settings
    from llm4rec.engine.live import open_live
    from llm4rec.engine.storing import naming_people

    told = json.loads(os.environ[OPTIONS])
    to_standard_error()
    large_blocks_go_back()
    settings = read_settings(Path(told["file"]) if told["file"] else None)
    options = ServeSettings.of(told["settings"], "serve")
    names = naming_people(options.pseudonym_key_env)
    live = open_live(told["engine"], told["store"], settings=settings, store_config=names)
    app = create_app(live, options)
    if options.with_page:
        from llm4rec.apps.web.mount import with_page

        # Before anybody asks: beside answers it would hold them up for as long as it takes.
        live.preparer.everything()
        app = with_page(app)
    # The loop gives way whenever it reads or writes; it waits no longer than this for those that compute to give way again.
    sys.setswitchinterval(SWITCH)
    # What stands from now on is not looked through again whenever garbage is collected: that stops all answers meanwhile.
    gc.collect()
    gc.freeze()
    return app
