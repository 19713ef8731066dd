"""Recordings on their way through the service: into the spool, decoded, asked about, described."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from anyio import CapacityLimiter, to_thread
from numpy.typing import NDArray

from tunebench.serving.service import Loaded, Service


class Uploads:
    """Requests' recordings on their way through the service.

    Args:
        service: that answers.
        threads: how many wait for decoding, or draw answers, at once.
        background: does what no client waits for.
        spool: a folder of its own, where uploads lie while they are decoded.
    """

    def __init__(self, service: Service, threads: int, background: Executor, spool: Path) -> None:
        self.service, self._background, self.spool = service, background, spool
        self._limiter = CapacityLimiter(threads)

    async def answer(self, content: bytes, *, windows: bool, spectrogram: bool) -> dict[str, Any]:
        """Classify the bytes of a file."""

        def decode(loaded: Loaded) -> NDArray[np.int16]:
            with NamedTemporaryFile(dir=self.spool) as file:  # no client's path is ever opened
                file.write(content)
                file.flush()
                return self.service.decode(Path(file.name), loaded)

        return await self._classify(decode, windows=windows, spectrogram=spectrogram)

    async def answer_file(self, path: Path, *, windows: bool, spectrogram: bool) -> dict[str, Any]:
        """Classify a file of the spool."""
        decode = partial(self.service.decode, path)
        return await self._classify(decode, windows=windows, spectrogram=spectrogram)

    async def _classify(
        self, decode: Callable[[Loaded], NDArray[np.int16]], *, windows: bool, spectrogram: bool
    ) -> dict[str, Any]:
        """Classify what `decode` gives, with the model that is there now, to the end."""
        service = self.service
        with service.using() as loaded:

            def ask() -> Any:
                samples = decode(loaded)
                return samples, service.ask(samples, loaded)

            samples, asked = await self._in_thread(ask)
            parts = [part.result() if part.done() else await asyncio.wrap_future(part) for part in asked]
            prediction = service.prediction(parts, len(samples), loaded)
            service.count(prediction)
            self._background.submit(service.remember, prediction, samples, loaded)

            def describe() -> dict[str, Any]:
                return service.describe(prediction, samples, loaded, windows=windows, spectrogram=spectrogram)

            return await self._in_thread(describe) if windows or spectrogram else describe()

    async def _in_thread(self, function: Callable[[], Any]) -> Any:
        """Run a function that waits, without holding up other requests.

        The thread that was free last is taken, whose memory is warm; an executor takes each in turn.
        """
        return await to_thread.run_sync(function, limiter=self._limiter)
