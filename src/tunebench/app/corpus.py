"""From a data section to what trials train on: decode, cut, split."""

from __future__ import annotations

from collections.abc import Callable

from tunebench import paths
from tunebench.audio.audit import Audit, audit
from tunebench.audio.prepare import prepare
from tunebench.audio.segments import segment
from tunebench.audio.splits import split
from tunebench.audio.store import Store
from tunebench.space import DataSection
from tunebench.training.data import TrainingData

Progress = Callable[[int, int], None]


def prepare_data(data: DataSection, *, progress: Progress | None = None) -> TrainingData:
    """Decode what the store does not hold yet, cut into segments and split.

    Raises:
        DataError: the corpus, the manifest or the split is wrong.
        StorageError: the store cannot be written.
    """
    corpus = prepare(data, store=Store(paths.store()), progress=progress)
    segments = segment(corpus, data.segment)
    return TrainingData(corpus, segments, split(corpus, segments, data.split))


def audit_data(data: DataSection, *, progress: Progress | None = None) -> Audit:
    """Look at every file of a corpus, and at the split that would result.

    Raises:
        DataError: there is no corpus to look at.
        StorageError: the store cannot be written.
    """
    return audit(data, store=Store(paths.store()), progress=progress)
