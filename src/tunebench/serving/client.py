"""Whether a request's client is still there to hear the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

Work = TypeVar("Work", bound=Any)


class Client:
    """One that waits. What it waits for is cancelled when it leaves; threads may share it."""

    def __init__(self) -> None:
        self._is_gone = False
        self._work: list[Any] = []

    def check(self) -> None:
        """Let pass a client that is there.

        Raises:
            ClientDisconnect: it left.
        """
        if self._is_gone:
            raise ClientDisconnect

    def waits_for(self, work: Work) -> Work:
        """Note a future or a task, which is cancelled when the client leaves; returns it."""
        self._work.append(work)
        if self._is_gone:
            work.cancel()
        return work

    def leaves(self) -> None:
        """It is gone."""
        self._is_gone = True
        for work in list(self._work):
            work.cancel()


_WATCHED_AFTER_S = 0.05
"""What is answered sooner is not worth watching for."""


@asynccontextmanager
async def client_of(request: Request) -> AsyncIterator[Client]:
    """The client of a request whose body was read, watched until the answer is there."""
    client = Client()
    watching: list[asyncio.Task[None]] = []

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        client.leaves()

    def begin() -> None:
        watching.append(asyncio.create_task(watch()))

    later = asyncio.get_running_loop().call_later(_WATCHED_AFTER_S, begin)
    try:
        yield client
    finally:
        later.cancel()
        for task in watching:
            task.cancel()
