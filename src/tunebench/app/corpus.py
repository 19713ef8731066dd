"""From a data section to what trials train on: decode, cut, split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tunebench import paths
from tunebench.audio.audit import Audit, audit, cleaned
from tunebench.audio.prepare import prepare
from tunebench.audio.segments import segment
from tunebench.audio.splits import split
from tunebench.audio.store import Store
from tunebench.audio.table import write_table
from tunebench.errors import InputError
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


def write_cleaned(data: DataSection, found: Audit, file: Path) -> int:
    """Write a manifest of what can be used of a corpus; returns how many tracks that is.

    Raises:
        InputError: the file is the corpus's own manifest.
        DataError: there is no corpus to look at, or a class would be left without a track.
        StorageError: the manifest cannot be written.
    """
    own = data.manifest and data.root / data.manifest
    if own and file.resolve() == own.resolve():
        raise InputError(f"{file}: is the corpus's own manifest, and is left as it is; write another name")
    tracks = cleaned(data, found)
    write_table(file, tracks)
    return len(tracks)


def audit_data(data: DataSection, *, progress: Progress | None = None) -> Audit:
    """Look at every file of a corpus, for tracks that hold the same recording, and at the resulting split.

    Raises:
        DataError: there is no corpus to look at.
        StorageError: the store cannot be written.
    """
    return audit(data, store=Store(paths.store()), progress=progress, pairs=True)
