"""The application: one live engine behind its routes, its guard and its errors. Opens no store and no port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from llm4rec import __version__
from llm4rec.apps.rest import routes_answers, routes_data, routes_experiments, routes_models, routes_state
from llm4rec.apps.rest.direct import Direct, doors_of
from llm4rec.apps.rest.doors import House, TooLowError
from llm4rec.apps.rest.gathering import Gathering
from llm4rec.apps.rest.guard import Guard
from llm4rec.apps.rest.keys import Keys
from llm4rec.apps.rest.limits import Buckets
from llm4rec.apps.rest.metrics import Metrics
from llm4rec.apps.rest.options import ServeSettings
from llm4rec.apps.rest.problems import Problem, of_error, problem
from llm4rec.core import Llm4recError
from llm4rec.engine.live import Live

ABOUT = "Recommendations that learn while they are served. Every answer names its impression, its engine version and what was degraded."
DEFAULT = ServeSettings()
ROUTES = (routes_answers, routes_data, routes_experiments, routes_models, routes_state)


def create_app(live: Live, settings: ServeSettings = DEFAULT) -> FastAPI:
    """The application over a live engine. It starts the engine with itself, and closes it: what waits is written."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with live:
            yield
            app.state.house.pool.shutdown(wait=True)

    app = FastAPI(
        title="llm4rec",
        version=__version__,
        description=ABOUT,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    pool = ThreadPoolExecutor(settings.threads, "llm4rec-rest")
    house = House(
        live,
        settings,
        Keys(live.store),
        Buckets(settings.rate, settings.burst),
        Metrics(),
        pool,
        Gathering(pool),
    )
    app.state.house = house
    for module in ROUTES:
        app.include_router(module.router)
    app.include_router(routes_state.state)
    doors = doors_of(route for module in ROUTES for route in module.router.routes)
    app.add_middleware(Direct, doors=doors, refused=ERRORS)
    app.add_middleware(Guard, house=house)
    for kind, handler in ERRORS.items():
        app.add_exception_handler(kind, handler)
    _document_security(app)
    return app


def _document_security(app: FastAPI) -> None:
    """Say in the document that routes want a key."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        schema = made()
        schemes = schema.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["key"] = {"type": "http", "scheme": "bearer"}
        schema["security"] = [{"key": []}]
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _response(status: int, body: Problem, headers: dict[str, str]) -> Response:
    return Response(body.model_dump_json(), status, headers, media_type="application/json")


async def _typed(request: Request, error: Exception) -> Response:
    assert isinstance(error, Llm4recError)
    return _response(*of_error(error, request.scope["llm4rec.request"]))


async def _invalid(request: Request, error: Exception) -> Response:
    """Where and what, without the value: it may be something that a person wrote."""
    assert isinstance(error, RequestValidationError)
    places = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:10]]
    remedy = "correct the named fields; GET /v1/openapi.json tells what each may be"
    return _response(
        422, problem("InvalidRequest", "\n".join(places), remedy, request.scope["llm4rec.request"]), {}
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    name = {404: "NoSuchRoute", 405: "NoSuchMethod", 400: "InvalidRequest"}.get(
        error.status_code, "HttpError"
    )
    remedy = "GET /v1/openapi.json tells all routes, and what they take"
    if error.status_code == 400:
        remedy = "send JSON in UTF-8"
    body = problem(name, str(error.detail), remedy, request.scope["llm4rec.request"])
    return _response(error.status_code, body, dict(error.headers or {}))


async def _too_low(request: Request, error: Exception) -> Response:
    assert isinstance(error, TooLowError)
    body = problem(
        "Forbidden", str(error), f"use a key of role {error.needs}", request.scope["llm4rec.request"]
    )
    return _response(403, body, {})


ERRORS: dict[type[Exception], Callable[[Request, Exception], Any]] = {
    Llm4recError: _typed,
    RequestValidationError: _invalid,
    HTTPException: _http,
    TooLowError: _too_low,
}
