"""Recordings on their way through the service: into the spool, decoded, asked about, described."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor, Future
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from anyio import CapacityLimiter, to_thread
from numpy.typing import NDArray

from tunebench.serving.client import Client
from tunebench.serving.guard import busy
from tunebench.serving.links import Links
from tunebench.serving.loaded import Loaded
from tunebench.serving.predictor import Prediction
from tunebench.serving.service import Service

_NOTED_EVERY_S = 0.1
"""Statistics are taken of no more recordings than that: under load they would take time from answers."""


class Room:
    """Bytes of decoded recordings that are held at once. One event loop uses it."""

    def __init__(self, most: int) -> None:
        self.held, self._most = 0, most
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def taken(self, count: int) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """Wait until there is room for so many bytes, or nothing else is held, and take it.

        Gives a function that keeps less of it, once it is known how much is needed.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: not self.held or self.held + count <= self._most)
            self.held += count

        async def keep(less: int) -> None:
            nonlocal count
            async with self._changed:
                self.held -= count - less
                count = less
                self._changed.notify_all()

        try:
            yield keep
        finally:
            await keep(0)


class Uploads:
    """Requests' recordings on their way through the service.

    Args:
        service: that answers.
        threads: how many recordings wait for decoding, or are drawn, at once.
        background: does what no client waits for.
        spool: a folder of its own, where uploads lie while they are decoded.
    """

    def __init__(self, service: Service, threads: int, background: Executor, spool: Path) -> None:
        self.service, self._background, self.spool = service, background, spool
        self._turns = asyncio.Semaphore(threads)
        least = len(service.decoders) * self._longest_bytes(service.loaded)  # so that all have work
        self.room = Room(max(service.limits.decoded_bytes, least))
        self._drawing, self._unlimited = CapacityLimiter(threads), CapacityLimiter(math.inf)
        self._noting: Future[None] | None = None
        self._noted_at, self._fetching = 0.0, 0

    async def answer(
        self, content: bytes, loaded: Loaded, client: Client, *, windows: bool, spectrogram: bool
    ) -> dict[str, Any]:
        """Classify the bytes of a file.

        Raises:
            DataError: it is not audio that can be used.
            ClientDisconnect: the client left, so that nobody waits for the answer.
        """

        def decode() -> NDArray[np.int16]:
            with NamedTemporaryFile(dir=self.spool) as file:  # no client's path is ever opened
                file.write(content)
                file.flush()
                return self.service.decode(Path(file.name), loaded, client.check)

        return await self._classify(decode, loaded, client, windows=windows, spectrogram=spectrogram)

    async def answer_link(
        self, url: str, links: Links, loaded: Loaded, client: Client, *, windows: bool, spectrogram: bool
    ) -> dict[str, Any]:
        """Classify what is behind a link, and give its title; raises as `answer` does.

        Raises:
            RefusedError: enough are fetched: links are slow, and must not take the uploads' places.
        """
        limits = self.service.limits
        if self._fetching >= limits.links:
            raise busy()
        self._fetching += 1
        try:
            with NamedTemporaryFile(dir=self.spool) as file:
                path = Path(file.name)
                fetched = client.waits_for(asyncio.create_task(links.fetch(url, path, limits.seconds)))
                try:
                    title = await fetched
                finally:
                    fetched.cancel()
                    client.check()
                decode = partial(self.service.decode, path, loaded, client.check)
                said = await self._classify(decode, loaded, client, windows=windows, spectrogram=spectrogram)
        finally:
            self._fetching -= 1
        return {"title": title, **said}

    async def _classify(
        self,
        decode: Callable[[], NDArray[np.int16]],
        loaded: Loaded,
        client: Client,
        *,
        windows: bool,
        spectrogram: bool,
    ) -> dict[str, Any]:
        """Classify what `decode` gives."""
        service = self.service

        def ask() -> Any:
            client.check()
            samples = decode()
            client.check()
            return samples, client.waits_for(service.ask(samples, loaded))

        async with AsyncExitStack() as held:
            async with self._turns:
                keep = await held.enter_async_context(self.room.taken(self._longest_bytes(loaded)))
                samples, asked = await _in_thread(ask, self._unlimited)
                await keep(samples.nbytes)
            try:
                said = asked.result() if asked.done() else await asyncio.wrap_future(asked)
            finally:
                client.check()  # the futures of a client who left are cancelled
            prediction = service.prediction(said, samples, loaded)
            service.count(prediction)
            self._remember(prediction, samples, loaded)

            def describe() -> dict[str, Any]:
                return service.describe(prediction, samples, loaded, windows=windows, spectrogram=spectrogram)

            return await _in_thread(describe, self._drawing) if windows or spectrogram else describe()

    def _longest_bytes(self, loaded: Loaded) -> int:
        """Of a recording as long as they may be."""
        return 2 * math.ceil(self.service.limits.seconds * loaded.bundle.sample_rate_hz)

    def _remember(self, prediction: Prediction, samples: NDArray[np.int16], loaded: Loaded) -> None:
        """Note what was heard and said, some time after the answer."""
        now = time.monotonic()
        if now >= self._noted_at + _NOTED_EVERY_S and (self._noting is None or self._noting.done()):
            self._noted_at = now
            self._noting = self._background.submit(self.service.remember, prediction, samples, loaded)


async def _in_thread(function: Callable[[], Any], limiter: CapacityLimiter) -> Any:
    """Run a function that waits, without holding up other requests.

    The thread that was free last is taken, whose memory is warm; an executor takes each in turn.
    """
    return await to_thread.run_sync(function, limiter=limiter)
