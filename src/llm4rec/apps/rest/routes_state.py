"""Routes about the service itself: is it alive, can it answer, its figures, its document."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from llm4rec.apps.rest import answers
from llm4rec.apps.rest.doors import OPEN, ROLE, door, handed, house_of, told
from llm4rec.engine.live import Live
from llm4rec.evaluation.watching.watch import MOST_DAYS

state = APIRouter(tags=["state"])
router = APIRouter(prefix="/v1", tags=["state"])


@door(state, "GET /health", OPEN, answers.Health)
async def health() -> Response:
    """Whether the process lives."""
    return told({"status": "ok"})


@door(state, "GET /ready", OPEN, answers.Health)
async def ready(request: Request) -> Response:
    """Whether it can answer, and which parts are in trouble; answers go on while the store is away."""

    def work(live: Live) -> Any:
        trouble = sorted(live.figures()["trouble"])
        return {"status": "degraded" if trouble else "ready", "trouble": trouble}

    return told(await handed(request, work))


@door(router, "GET /figures", "admin", answers.Figures)
async def figures(
    request: Request,
    days: Annotated[float, Query(gt=0, le=MOST_DAYS, description="length of the window")] = 7.0,
) -> Response:
    """What an operator watches: traffic, rates, coverage, drift, quality, experiments, versions, reports."""
    house = house_of(request)

    def work(live: Live) -> Any:
        seen = house.watching.look(live, days).as_json()
        return answers.signed(
            live.version, figures=seen, latency=house.metrics.latencies(), state=live.figures()
        )

    return told(await handed(request, work))


@state.get("/metrics", openapi_extra={ROLE: "read"}, include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    house = house_of(request)
    house.metrics.take(await handed(request, lambda live: live.figures()))
    return Response(house.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/openapi.json", openapi_extra={ROLE: "read"}, include_in_schema=False)
async def document(request: Request) -> Response:
    """This service, described."""
    return JSONResponse(request.app.openapi())
