"""Routes of engine versions: listed, promoted, rolled back, in the shadow, refitted. Folders are registered on the machine."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from llm4rec.apps.rest import answers, forms
from llm4rec.apps.rest.doors import actor_of, door, handed, noted, told
from llm4rec.core import EngineRecord
from llm4rec.engine.live import Job, Live
from llm4rec.engine.settings import RerankSettings

router = APIRouter(prefix="/v1", tags=["models"])
Name = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^refit-[0-9]+$")]


@door(router, "GET /models", "read", answers.Models)
async def models(request: Request) -> Response:
    """All engine versions on record: which serves, which is in the shadow, which a rollback leads to."""

    def work(live: Live) -> Any:
        standing = live.registry.standing()
        rows = [
            _model(one, standing.state(name), standing.refused.get(name, ""))
            for name, one in standing.known.items()
        ]
        return answers.signed(live.version, models=rows, shadow=live.figures()["shadow"])

    return told(await handed(request, work))


@door(router, "POST /models/promote", "admin", answers.Promoted)
async def promote(request: Request, form: forms.Version) -> Response:
    """Serve a version from now on; loaded while the old one answers, refused where it cannot be trusted."""
    return await _changed(request, "promoted", lambda live: live.promote(form.version, form.reason))


@door(router, "POST /models/rollback", "admin", answers.Promoted)
async def rollback(request: Request) -> Response:
    """Serve the version before again."""
    return await _changed(request, "rolled back", lambda live: live.rollback())


@door(router, "POST /models/shadow", "admin", answers.Promoted)
async def shadow(request: Request, form: forms.Shadow) -> Response:
    """Let a version answer beside the one that serves: compared, never shown."""
    return await _changed(request, "shadow", lambda live: live.run_shadow(form.version or ""))


@door(router, "POST /models/refit", "admin", answers.Job)
async def refit(request: Request, form: forms.Refit) -> Response:
    """Fit what serves again, in a process of its own; promoted only where held-back events show it is no worse."""
    actor = actor_of(request)

    def work(live: Live) -> Any:
        return _job(live, live.refit(promote=form.promote, actor=actor, why=form.reason))

    return told(await handed(request, work))


@door(router, "GET /models/refits", "read", answers.Jobs)
async def refits(request: Request) -> Response:
    """All refits on record, oldest first, and how the one that runs goes."""

    def work(live: Live) -> Any:
        return answers.signed(live.version, refits=[_plain(live, one) for one in live.refits()])

    return told(await handed(request, work))


@door(router, "GET /models/refits/{job}", "read", answers.Job)
async def refit_state(request: Request, job: Name) -> Response:
    """One refit: its state, and its report once it is over."""
    return told(await handed(request, lambda live: _job(live, live.refit_job(job))))


def _job(live: Live, job: Job) -> dict[str, Any]:
    return answers.signed(live.version, refit=_plain(live, job), phase=live.refit_phase(job))


def _plain(live: Live, job: Job) -> dict[str, Any]:
    """A refit without where folders stand."""
    reason = str(job.report.get("reason", ""))
    for record in live.registry.standing().known.values():
        reason = reason.replace(record.folder, "its folder") if record.folder else reason
    return {**job.as_json(), "report": {**job.report, "reason": reason}}


@door(router, "POST /models/order", "admin", answers.Promoted)
async def order(request: Request, form: forms.Order) -> Response:
    """Give the lists of the version that serves another order, for all who ask for none."""
    given = form.model_dump(exclude={"reason"}, exclude_unset=True)
    rerankers = RerankSettings.of(given, "order")
    return await _changed(request, "reordered", lambda live: live.reorder(rerankers, form.reason))


async def _changed(request: Request, action: str, change: Any) -> Response:
    def work(live: Live) -> Any:
        record: EngineRecord | None = change(live)
        noted(request, live, f"engine {action}", "" if record is None else record.version)
        told_of = None if record is None else _model(record, record.action, record.reason)
        return answers.signed(live.version, record=told_of)

    return told(await handed(request, work))


def _model(record: EngineRecord, state: str, reason: str) -> dict[str, Any]:
    """A version without where its folder stands."""
    return {
        "version": record.version,
        "state": state,
        "model": str(record.settings.get("model") or ""),
        "fingerprint": record.fingerprint,
        "parent": record.parent,
        "metrics": record.metrics,
        "reason": reason.replace(record.folder, "its folder") if record.folder else reason,
    }
