"""The service as an ASGI application: its routes, its errors, its page, and the watch for another model."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

import tunebench
from tunebench.errors import TunebenchError
from tunebench.memory import give_back_memory
from tunebench.serving.guard import Guard, RefusedError
from tunebench.serving.links import Links
from tunebench.serving.routes import model_routes, predict_routes, unusable
from tunebench.serving.service import Service
from tunebench.serving.uploads import Uploads

_log = logging.getLogger("tunebench.serving")
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it tells of every bad form

_TIDY_S = 10.0

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def create_app(
    service: Service,
    *,
    spool: Path,
    links: Links | None = None,
    token: str | None = None,
    hosts: Collection[str] | None = None,
    poll_s: float = 0.0,
) -> FastAPI:
    """The service as an ASGI application.

    Args:
        service: that answers. The application closes it when it ends.
        spool: a folder of its own, where uploads lie while they are decoded.
        links: fetches links; None offers none.
        token: that requests must bear; None asks for none.
        hosts: names that requests may give as their host; None takes any.
        poll_s: how often to look for another model (s); 0 never.
    """
    background = ThreadPoolExecutor(1, thread_name_prefix="background")
    uploads = Uploads(service, 4 * len(service.decoders), background, spool)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        keepers = [asyncio.create_task(_tidy())]
        if poll_s:
            keepers.append(asyncio.create_task(_watch(service, poll_s)))
        yield
        for keeper in keepers:
            keeper.cancel()
        background.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="tunebench",
        version=tunebench.__version__,
        summary="Classifies recordings.",
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(Guard, limits=service.limits, metrics=service.metrics, token=token, hosts=hosts)
    _add_page(app)

    app.include_router(predict_routes(uploads, links))
    app.include_router(model_routes(service, links=links is not None))

    @app.exception_handler(TunebenchError)
    async def cannot_be_used(_: Request, error: Exception) -> Response:
        return JSONResponse({"detail": unusable(error)}, 422)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())
        return JSONResponse({"detail": f"The request is not as it should be: {found}."}, 422)

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: Exception) -> Response:
        raise error  # the guard answers

    return app


async def _watch(service: Service, poll_s: float) -> None:
    """Look for another model for ever; what goes wrong is logged, and the present one stays."""
    while True:
        await asyncio.sleep(poll_s)
        try:
            changed = await _in_daemon(service.refresh)
        except Exception as error:  # the registry may be out of reach for a while
            _log.warning("no other model could be taken, the present one stays: %s", error)
            continue
        if changed:
            service.metrics.swaps.inc()
            _log.info("the model is now version %s", service.loaded.version)


async def _tidy() -> None:
    """Give back memory for ever: each thread's share of the allocator would grow to its largest recording."""
    while True:
        await asyncio.sleep(_TIDY_S)
        await _in_daemon(give_back_memory)


async def _in_daemon(function: Callable[[], Any]) -> Any:
    """Run a function in a thread of its own, for which the process does not wait when it ends.

    It would wait for an executor's, and a registry that is out of reach can take minutes to say so.
    """
    loop = asyncio.get_running_loop()
    over: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: Exception | None) -> None:
        if over.cancelled():
            return
        if error is not None:
            over.set_exception(error)
        else:
            over.set_result(result)

    def run() -> None:
        result, failed = None, None
        try:
            result = function()
        except Exception as error:
            failed = error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, name="housekeeping", daemon=True).start()
    return await over


def _add_page(app: FastAPI) -> None:
    folder = files("tunebench.serving") / "page"
    held = {
        entry.name: (entry.read_bytes(), _TYPES[Path(entry.name).suffix])
        for entry in folder.iterdir()
        if Path(entry.name).suffix in _TYPES
    }

    def page(name: str) -> Response:
        if name not in held:
            raise HTTPException(404, "There is no such page.")
        content, kind = held[name]
        return Response(content, media_type=kind)

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return page("index.html")

    @app.get("/card", include_in_schema=False)
    async def card() -> Response:
        return page("card.html")

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        return page(name)
