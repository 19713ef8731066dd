"""Work on many tracks in processes that have imported what it takes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

from tunebench.audio.corpus import Corpus
from tunebench.cores import usable_cores

Progress = Callable[[int, int], None]
R = TypeVar("R")

_INLINE_TASKS = 8
"""So few are done before other processes have imported librosa."""


def each(
    corpus: Corpus,
    work: Callable[..., R],
    tasks: Sequence[tuple[Any, ...]],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[int, R]]:
    """`work(corpus, *task)` of all tasks, as they come, each with its place in `tasks`.

    `work` is a function of a module. `progress` is told (tasks done, tasks in all).
    """
    workers = workers or usable_cores()

    def told(done: int) -> None:
        if progress:
            progress(done, len(tasks))

    if len(tasks) <= _INLINE_TASKS or workers == 1:
        for place, task in enumerate(tasks):
            yield place, work(corpus, *task)
            told(place + 1)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(corpus,)) as pool:
        try:
            # Alone: it fills librosa's cache of compiled code, which processes that write at once can spoil
            yield 0, pool.submit(_with_remembered, work, tasks[0]).result()
            told(1)
            rest = enumerate(tasks[1:], start=1)
            waiting = {pool.submit(_with_remembered, work, task): place for place, task in rest}
            for done, future in enumerate(as_completed(waiting), start=2):
                yield waiting[future], future.result()
                told(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_remembered: list[Corpus] = []
"""The corpus of a worker process, sent to it once."""


def _begin(corpus: Corpus) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    _remembered.append(corpus)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool's processes wait for ever where the one that began them was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _with_remembered(work: Callable[..., R], task: tuple[Any, ...]) -> R:
    return work(_remembered[0], *task)
