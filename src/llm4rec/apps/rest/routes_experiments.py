"""Routes of experiments: kept in the store of a tenant, assigned by hashing, the same in every worker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from llm4rec.apps.rest import answers, forms
from llm4rec.apps.rest.doors import door, handed, noted, told
from llm4rec.core import ComponentError, NotFoundError, suggest
from llm4rec.core.experiment import NOTE, Experiment
from llm4rec.engine.live import Live

router = APIRouter(prefix="/v1", tags=["experiments"])
Name = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


@door(router, "GET /experiments", "read", answers.Experiments)
async def experiments(request: Request) -> Response:
    """All experiments with their variants and weights."""
    return told(await handed(request, lambda live: answers.signed(live.version, experiments=_all(live))))


@door(router, "PUT /experiments/{name}", "admin", answers.Experiments)
async def put_experiment(request: Request, name: Name, form: forms.Experiment) -> Response:
    """Begin an experiment, or change it; a changed weight or salt moves people."""
    kept = form.model_dump()

    def work(live: Live) -> Any:
        Experiment(name, **kept)  # SettingsError where it is none
        _store(live).note({NOTE + name: json.dumps(kept)}, tenant=live.name)
        noted(request, live, "experiment put", name, **kept)
        return answers.signed(live.version, experiments={name: kept})

    return told(await handed(request, work))


@door(router, "GET /experiments/{name}/variant", "read", answers.Assigned)
async def variant(
    request: Request, name: Name, user: Annotated[str, Query(min_length=1, max_length=256)]
) -> Response:
    """Which variant a person gets: always the same one."""

    def work(live: Live) -> Any:
        return answers.signed(
            live.version, experiment=name, variant=_experiment(live, name).variant(user, live.name)
        )

    return told(await handed(request, work))


def variant_of(live: Live, question: Mapping[str, Any]) -> dict[str, Any]:
    """The question with the variant of whoever asks, where it names an experiment and none."""
    asked = dict(question)
    if asked.get("experiment") and "variant" not in asked and "user" in asked:
        asked["variant"] = _experiment(live, asked["experiment"]).variant(asked["user"], live.name)
    return asked


def _all(live: Live) -> dict[str, Any]:
    notes = _store(live).notes(tenant=live.name)
    return {name.removeprefix(NOTE): json.loads(one) for name, one in notes.items() if name.startswith(NOTE)}


def _experiment(live: Live, name: str) -> Experiment:
    found = _all(live)
    if name not in found:
        raise NotFoundError(
            f"no experiment {name[:60]!r}{suggest(name, found)}; PUT /v1/experiments/NAME begins one"
        )
    return Experiment(name, **found[name])


def _store(live: Live) -> Any:
    if not hasattr(live.store, "notes"):
        raise ComponentError(
            f"a {type(live.store).__name__} keeps no experiments; use a store file or PostgreSQL"
        )
    return live.store
