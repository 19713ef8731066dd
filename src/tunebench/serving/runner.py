"""Answering many requests with one model: threads, and micro-batches where they are measured to help."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tunebench.cores import usable_cores
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
    tried = layouts(cores or usable_cores(), shared=shared)
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


class Windows(Protocol):
    """Windows `(n, samples)` float32; an array, or what cuts them when they are taken."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> NDArray[np.float32]: ...


@dataclass(eq=False)
class _Job:
    """One request: its windows, how many were taken and answered, and what was said of them."""

    windows: Windows
    future: Future[NDArray[np.float32]] = field(default_factory=Future)
    taken: int = 0
    answered: int = 0
    said: NDArray[np.float32] | None = None

    def take(self, most: int) -> _Part:
        """The next windows, which nobody else will take."""
        part = _Part(self, slice(self.taken, min(self.taken + most, len(self.windows))))
        self.taken = part.at.stop
        return part


@dataclass(frozen=True, slots=True)
class _Part:
    """Windows of a job that one call of the model takes."""

    job: _Job
    at: slice


class Runner:
    """Threads that take windows from one queue. No request waits for others to come: what waits goes as one.

    A long recording takes its turn again for each part of the way's batch, behind those that wait by then.
    So it does not hold up short ones, and its windows are cut when their turn has come.

    Args:
        load: loads a model.
        way: how requests are run.
        on_batch: receives the number of windows of each call.
    """

    def __init__(
        self, load: Load, way: Way, *, on_batch: Callable[[int], None] = lambda windows: None
    ) -> None:
        self.way = way
        self._on_batch = on_batch
        self._waiting: deque[_Job] = deque()
        self._busy, self._is_closed = 0, False
        self._changed = threading.Condition()
        self._alone = load(way.wide or way.threads)
        self._threads = [
            threading.Thread(target=self._work, args=(load(way.threads),), name=f"runner-{n}", daemon=True)
            for n in range(way.models)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, windows: Windows, *, can_wait: bool = False) -> Future[NDArray[np.float32]]:
        """Ask for the probabilities `(n, classes)` of windows `(n, samples)`; what is cancelled is not run.

        Args:
            windows: of one request, at least one.
            can_wait: whether the caller's thread may do the work, and does if nothing else is at work and it
                is one part: handing it to another thread takes time too.

        Raises:
            RuntimeError: it was closed.
        """
        job = _Job(windows)
        with self._changed:
            if self._is_closed:
                raise RuntimeError("this runner was closed")
            is_here = can_wait and not self._busy and not self._waiting and len(windows) <= self.way.batch
            if is_here:
                self._busy += 1
            else:
                self._waiting.append(job)
                self._changed.notify()
        if is_here:
            self._answer(self._alone, [job.take(self.way.batch)])
        return job.future

    def _work(self, model: Asked) -> None:
        while parts := self._next():
            self._answer(model, parts)

    def _next(self) -> list[_Part]:
        """What the next call of the model takes; nothing once it was closed and all was taken."""
        parts: list[_Part] = []
        with self._changed:
            while not parts:
                while not self._waiting:
                    if self._is_closed:
                        return []
                    self._changed.wait()
                room = self.way.batch
                while room and self._waiting:
                    job = self._waiting.popleft()
                    if job.future.done():  # its client left, or a part of it failed
                        continue
                    part = job.take(room)
                    parts.append(part)
                    room -= part.at.stop - part.at.start
                    if job.taken < len(job.windows):
                        self._waiting.append(job)
                        self._changed.notify()
            self._busy += 1
        return parts

    def _answer(self, model: Asked, parts: list[_Part]) -> None:
        try:
            cut = [part.job.windows[part.at] for part in parts]
            together = np.concatenate(cut) if len(cut) > 1 else cut[0]
            self._on_batch(len(together))
            said = model(together)
        except Exception as error:  # a request's failure must not end the thread
            for part in parts:
                _settle(part.job.future, error=error)
            return
        finally:
            with self._changed:
                self._busy -= 1
        first = 0
        for part in parts:
            count = part.at.stop - part.at.start
            self._note(part, said[first : first + count])
            first += count

    def _note(self, part: _Part, said: NDArray[np.float32]) -> None:
        job = part.job
        with self._changed:
            if job.said is None:
                job.said = np.empty((len(job.windows), *said.shape[1:]), said.dtype)
            job.said[part.at] = said
            job.answered += len(said)
            is_over = job.answered == len(job.windows)
        if is_over:
            _settle(job.future, result=job.said)

    def close(self, *, wait: bool = True) -> None:
        """Answer what was asked, and end the threads; without `wait`, they end when they are done."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if wait:
            for thread in self._threads:
                thread.join()


def _settle(
    future: Future[NDArray[np.float32]],
    *,
    result: NDArray[np.float32] | None = None,
    error: Exception | None = None,
) -> None:
    """Give a future its result or error, unless it was cancelled or another part has failed before."""
    with suppress(InvalidStateError):
        if error is not None:
            future.set_exception(error)
        elif result is not None:
            future.set_result(result)
