"""The process of one refit: told on standard input what to do, it shares nothing with the service but the store."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Do the refit that standard input names, and put on record what came of it."""
    from llm4rec.engine.live.jobs import Jobs
    from llm4rec.engine.live.nights import run_job
    from llm4rec.engine.live.refitting import Night
    from llm4rec.engine.live.registry import Registry
    from llm4rec.engine.settings import Settings
    from llm4rec.store import StoreConfig, open_existing

    told = json.load(sys.stdin)
    if hasattr(os, "nice"):
        os.nice(told["polite"])
    settings = Settings.model_validate(told["settings"])
    with open_existing(told["store"], StoreConfig.of(told["config"], "store")) as store:
        jobs = Jobs(store, tenant=told["tenant"])
        job = jobs.job(told["job"])
        registry = Registry(store, tenant=told["tenant"], actor=job.actor)
        data = None if told["data"] is None else Path(told["data"])
        run_job(Night(store, told["tenant"], registry, settings, told["promote"], data), jobs, job)


if __name__ == "__main__":
    main()
