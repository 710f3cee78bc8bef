"""Routes about the service itself: is it alive, can it answer, its figures, its document."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from llm4rec.apps.rest import answers
from llm4rec.apps.rest.doors import OPEN, ROLE, door, handed, house_of, told
from llm4rec.engine.live import Live

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
