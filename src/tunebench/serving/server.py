"""Uvicorn, with what a service in the open needs beside it."""

from __future__ import annotations

import asyncio
import math
import os
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_S = 10.0
"""A connection that has sent no request by then, or taken nothing of its answer, is closed."""

_CONNECTIONS, _FEWEST = 1_024, 16
_REFUSED_AT_ONCE = 128
"""Connections beyond the limit that are told so; more are closed unheard."""

_OTHER_FILES = 512
"""File descriptors of models, decoders, and each request's file."""

_LINGER_S = 0.25
_SPOOL = "tunebench-serve-"


class PatientProtocol(H11Protocol):
    """Closes connections of which nothing comes, and reads what was sent before a shutdown.

    uvicorn's own clock stops at the first byte of a request, however long the others take.
    """

    _late: asyncio.TimerHandle | None = None
    _unsent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock: a request is due."""
        super().connection_made(transport)  # pyright: ignore[reportArgumentType]
        if len(self.connections) > (self.limit_concurrency or math.inf) + _REFUSED_AT_ONCE:
            self.transport.abort()  # uvicorn refuses those that have sent a request
        else:
            self._start_clock()

    def on_response_complete(self) -> None:
        """Start it again: the answer has to be taken, and the next request is due."""
        super().on_response_complete()
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop it."""
        self._stop_clock()
        super().connection_lost(exc)

    def _start_clock(self) -> None:
        self._stop_clock()
        if not self.transport.is_closing() or self.transport.get_write_buffer_size():
            self._unsent = self.transport.get_write_buffer_size()
            self._late = self.loop.call_later(PATIENCE_S, self._end_if_idle)

    def _stop_clock(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end_if_idle(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent >= self._unsent:
            self.transport.abort()  # it takes nothing, and closing would wait for that
        elif unsent:
            self._start_clock()
        elif self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        # else a request is at work, whose own limits hold; its answer starts the clock again

    def shutdown(self) -> None:
        """Let a request that is in the socket already be read, and answered, before the connection ends."""
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(_LINGER_S, self._end)
        else:
            super().shutdown()

    def _end(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()


@contextmanager
def spool_folder() -> Iterator[Path]:
    """A folder for uploads, named by this process; those of processes that were killed are removed."""
    root = Path(tempfile.gettempdir())
    for old in root.glob(f"{_SPOOL}*"):
        number = old.name.removeprefix(_SPOOL).partition("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_SPOOL}{os.getpid()}-") as folder:
        yield Path(folder)


def _connections() -> int:
    """How many may be open at once: as many as leave file descriptors for the rest of the service."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < (wanted := _CONNECTIONS + _OTHER_FILES):
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(_FEWEST, min(_CONNECTIONS, soft - _OTHER_FILES))


def run(
    app: FastAPI, *, host: str, port: int, on_listening: Callable[[int], None], grace_s: float = 30.0
) -> None:
    """Serve until SIGTERM or SIGINT; requests that were accepted by then are answered first.

    Args:
        app: the application.
        host: address to bind to.
        port: to bind to; 0 takes a free one.
        on_listening: receives the port, once requests are answered.
        grace_s: how long requests at work may take to end (s).
    """
    config = uvicorn.Config(
        app, host=host, port=port, http=PatientProtocol, ws="none", log_level="warning", access_log=False,
        timeout_graceful_shutdown=int(grace_s), timeout_keep_alive=15, limit_concurrency=_connections(),
        h11_max_incomplete_event_size=16_384, server_header=False, backlog=512,
    )  # fmt: skip
    server = uvicorn.Server(config)

    async def serve() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        with suppress(IndexError):
            on_listening(server.servers[0].sockets[0].getsockname()[1])
        await serving

    before = signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again once all is answered
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(serve())
    finally:
        signal.signal(signal.SIGTERM, before)
