"""Checkpoints written while the next epoch trains."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Self, TypeVar

from tunebench.training import checkpoint
from tunebench.training.checkpoint import Progress
from tunebench.training.classifier import Arrays
from tunebench.trial import EpochRecord

T = TypeVar("T")


class Writer:
    """Writes one checkpoint at a time, and tells of its epoch once it stands.

    It tells in the thread that trains, between two batches of the next epoch. Whoever is told may raise.
    `thread` writes: one for all trials, since each new one would hold memory of its own.
    """

    def __init__(self, on_epoch: Callable[[EpochRecord], None], thread: Executor) -> None:
        self._on_epoch, self._thread = on_epoch, thread
        self._writing: tuple[EpochRecord, Future[None]] | None = None
        self.telling_s = 0.0
        """Seconds that those took who were told."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """What was trained before something went wrong stands, too."""
        self.finish()

    def write(
        self, record: EpochRecord, folder: Path, state: Arrays, progress: Progress, best: Arrays | None
    ) -> None:
        """Begin to write what an epoch came to; `best` are its weights if they are to be kept as the best.

        Raises:
            StorageError: the checkpoint before could not be written.
        """
        self.finish()
        then = copy.copy(progress)
        then.history = list(progress.history)

        def save() -> None:
            if best is not None:
                checkpoint.save_best(folder, best)
            checkpoint.save(folder, state, then)

        self._writing = record, self._thread.submit(save)

    def looked_after(self, batches: Iterator[T]) -> Iterator[T]:
        """The batches, with a look at the writing before each."""
        for batch in batches:
            if self._writing is not None and self._writing[1].done():
                self.finish()
            yield batch

    def finish(self) -> None:
        """Wait until the checkpoint stands, and tell of its epoch.

        Raises:
            StorageError: it could not be written.
        """
        if self._writing is not None:
            (record, written), self._writing = self._writing, None
            written.result()
            begun = time.perf_counter()
            self._on_epoch(record)
            self.telling_s += time.perf_counter() - begun
