"""Answering many requests with one model: threads, and micro-batches where they are measured to help."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from tunebench.export.forms import Asked

Load = Callable[[int], Asked]
"""The number of threads that a runtime may use, to a loaded model."""

BATCHES = (1, 4, 16)
"""Windows at a time that are tried at start; a larger number only where the one before it gained."""

_WORTH = 1.1
"""Requests are put together only where that is so much quicker; alone, each is answered sooner."""

_ROUNDS = 3
_ROUND_S = 0.1
"""Seconds that a way is measured for in each round, or one call, if that takes longer."""

_CALLS = 9


@dataclass(frozen=True, slots=True)
class Way:
    """How requests are run: models side by side, threads of each, and windows that one call takes."""

    models: int
    threads: int
    batch: int
    wide: int = 0
    """Threads of the model for a request that is the only one; 0 where more of them are not worth it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A way and what it gave, windows a second."""

    way: Way
    rate: float


def layouts(cores: int, *, shared: bool = False) -> list[tuple[int, int]]:
    """Models, and threads of each: one on all cores; and one a core, or callers of a `shared` one."""
    found = {(1, cores), (cores, cores), (2 * cores, cores)} if shared else {(1, cores), (cores, 1)}
    return sorted(found)


def choose(
    load: Load, example: NDArray[np.float32], *, shared: bool = False, cores: int | None = None
) -> tuple[Way, list[Measured]]:
    """Measure all ways on `example` `(samples,)`, and take the quickest; batches where they are worth it.

    Args:
        load: loads a model; of a `shared` one it may give the same each time.
        example: a window.
        shared: whether the runtime has one pool of threads for all callers, as TensorFlow has.
        cores: that there are; None counts them.

    Returns:
        The way, and all that was measured.
    """
    loaded: dict[int, list[Asked]] = {}
    tried = layouts(cores or os.cpu_count() or 1, shared=shared)
    for models, threads in tried:
        held = loaded.setdefault(threads, [])
        held += [load(threads) for _ in range(models - len(held))]
    rates: dict[Way, list[float]] = {}
    for _ in range(_ROUNDS):  # in turn, so that what else the machine does slows all alike
        for models, threads in tried:
            before = 0.0
            for batch in BATCHES:
                rate = _rate(loaded[threads][:models], batch, example)
                rates.setdefault(Way(models, threads, batch), []).append(rate)
                if rate < _WORTH * before:
                    break
                before = rate
    measured = [Measured(way, median(found)) for way, found in rates.items() if len(found) == _ROUNDS]
    alone = max((one for one in measured if one.way.batch == 1), key=lambda one: one.rate)
    best = max(measured, key=lambda one: one.rate)
    way = (best if best.rate > _WORTH * alone.rate else alone).way
    if way.models == 1 or shared:
        return way, measured
    wide = max(loaded)
    is_quicker = _seconds(loaded[wide][0], example) < _seconds(loaded[1][0], example)
    return replace(way, wide=wide if is_quicker else 0), measured


def _seconds(model: Asked, example: NDArray[np.float32]) -> float:
    """Of one window, when nothing else is at work."""
    found: list[float] = []
    for _ in range(_CALLS):
        begun = time.perf_counter()
        model(example[None])
        found.append(time.perf_counter() - begun)
    return median(found)


def _rate(models: Sequence[Asked], batch_size: int, example: NDArray[np.float32]) -> float:
    """Windows a second of all models at once."""
    batch = np.repeat(example[None], batch_size, axis=0)
    rates: list[float] = []

    def run(model: Asked) -> None:
        calls, begun = 0, time.perf_counter()
        while not calls or time.perf_counter() < begun + _ROUND_S:
            model(batch)
            calls += 1
        rates.append(calls * batch_size / (time.perf_counter() - begun))

    with ThreadPoolExecutor(len(models)) as threads:
        list(threads.map(lambda model: model(batch), models))  # what the first call of a size allocates
        list(threads.map(run, models))
    return sum(rates)


_Job = tuple[NDArray[np.float32], "Future[NDArray[np.float32]]"]


class Runner:
    """Threads that take windows from one queue. No request waits for others to come: what waits goes as one.

    A long recording comes in parts of the way's batch, so that it does not hold up short ones.
    """

    def __init__(
        self, load: Load, way: Way, *, on_batch: Callable[[int], None] = lambda windows: None
    ) -> None:
        self.way = way
        self._on_batch = on_batch
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._alone = load(way.wide or way.threads)
        self._busy, self._lock = 0, threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, args=(load(way.threads),), name=f"runner-{n}", daemon=True)
            for n in range(way.models)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, windows: NDArray[np.float32], *, can_wait: bool = False) -> Future[NDArray[np.float32]]:
        """Ask for the probabilities `(n, classes)` of windows `(n, samples)`.

        Args:
            windows: of one request.
            can_wait: whether the caller's thread may do the work, and does if nothing else is at work, since
                handing it to another thread takes time too.
        """
        job: _Job = (windows, Future())
        with self._lock:
            is_alone = can_wait and self._busy == 0 and self._jobs.empty()
            self._busy += is_alone
        if is_alone:
            self._answer(self._alone, [job])
        else:
            self._jobs.put(job)
        return job[1]

    def _work(self, model: Asked) -> None:
        while (job := self._jobs.get()) is not None:
            jobs = [job]
            windows = len(job[0])
            while windows < self.way.batch:
                try:
                    another = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if another is None:
                    self._jobs.put(None)
                    break
                jobs.append(another)
                windows += len(another[0])
            with self._lock:
                self._busy += 1
            self._answer(model, jobs)

    def _answer(self, model: Asked, jobs: list[_Job]) -> None:
        jobs = [job for job in jobs if job[1].set_running_or_notify_cancel()]  # whose client has not left
        try:
            if not jobs:
                return
            together = np.concatenate([windows for windows, _ in jobs])
            self._on_batch(len(together))
            said = model(together)
        except Exception as error:  # a request's failure must not end the thread
            for _, future in jobs:
                future.set_exception(error)
            return
        finally:
            with self._lock:
                self._busy -= 1
        at = 0
        for windows, future in jobs:
            future.set_result(said[at : at + len(windows)])
            at += len(windows)

    def close(self) -> None:
        """Answer what was asked, and end the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
