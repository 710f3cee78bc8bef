"""The page put beside the routes of a service: its files, its pages, its gate. Holds no page itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from nicegui import app as library
from nicegui import ui
from starlette.requests import Request
from starlette.staticfiles import StaticFiles

from llm4rec.apps.rest.doors import TooLowError
from llm4rec.apps.web import pictures, signin
from llm4rec.apps.web.early import whole
from llm4rec.apps.web.elements import Tag
from llm4rec.apps.web.files import OURS, STATIC, Files, address
from llm4rec.apps.web.frame import frame
from llm4rec.apps.web.gate import Gate
from llm4rec.apps.web.registry import Page, pages
from llm4rec.apps.web.sessions import Sessions
from llm4rec.apps.web.visit import Visit

BEGIN = 'import {{ begin }} from "{parts}"; await begin(app, dark);'
AT_ONCE = 0.5  # seconds for which a page waits for its content: what is not in the HTML comes after the scripts alone


def with_page(app: FastAPI) -> FastAPI:
    """The same application with the page; once in a process, for the library behind it has one state."""
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    site.mount(OURS.rstrip("/"), StaticFiles(directory=STATIC))
    site.include_router(signin.router)
    site.include_router(pictures.router)
    for page in pages():
        _open(page)
    library.config.socket_io_js_transports = ["websocket"]
    library.config.vue_config_script = BEGIN.format(parts=address("parts.js"))
    ui.run_with(
        site,
        title="llm4rec",
        favicon=STATIC / "icon.svg",
        dark=None,
        tailwind=False,
        show_welcome_message=False,
        gzip_middleware_factory=None,
        reconnect_timeout=20.0,
        message_history_length=200,
        binding_refresh_interval=None,
    )
    # Its lines on sockets name the open page, which is nobody's business.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "WebSocket" not in str(record.msg))
    files = Files(site)
    _begin_with(app, site, files)
    app.add_middleware(Gate, page=files, house=app.state.house, sessions=Sessions())
    return app


def _open(page: Page) -> None:
    build = import_module(page.module).build

    async def shown(request: Request) -> None:
        visit = Visit.of(request)
        with frame(visit, page) as content:
            visit.opening = asyncio.create_task(_filled(visit, page, build, (content, request.path_params)))
            await asyncio.wait({visit.opening}, timeout=AT_ONCE)
        ui.add_body_html(whole(ui.context.client.layout, visit.session.theme))

    ui.page(page.path)(shown)


async def _filled(visit: Visit, page: Page, build: Any, where: tuple[Any, Any]) -> None:
    """The page, or why there is none; what is not there when the frame goes out follows over the socket."""
    content, parts = where

    async def work() -> None:
        if not visit.may(page.role):
            raise TooLowError(visit.who.role, page.role)
        await build(visit, **parts)

    with content:
        content.classes(add="late")
        if not await visit.tried(work):
            content.clear()
            Tag("h1", visit.words("trouble.page"))
            Tag("p", visit.told, "empty")
        content.classes(remove="late")


def _begin_with(app: FastAPI, site: FastAPI, files: Files) -> None:
    """The page begins and ends inside the life of the service."""
    around, inside = app.router.lifespan_context, site.router.lifespan_context

    @asynccontextmanager
    async def lifespan(of: Any) -> AsyncIterator[Any]:
        async with around(of) as state, inside(site):
            await files.warm()
            yield state

    app.router.lifespan_context = lifespan
