"""The one look at the test side, and the ledger that counts every look."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebench.errors import StorageError
from tunebench.metrics.classification import confusion_matrix, first_labels, per_class, vote
from tunebench.metrics.intervals import Interval, classification_intervals


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of the per-class table."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one side, per segment and per track (the mean of a track's segment probabilities)."""

    segment: dict[str, Interval]
    track: dict[str, Interval]
    classes: tuple[ClassRow, ...]
    confusion: NDArray[np.int64]
    """Tracks, `(true class, predicted class)`."""


def evaluate_side(
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    tracks: NDArray[np.integer],
    group_of_track: NDArray[np.integer],
    classes: Sequence[str],
    *,
    seed: int,
) -> Evaluation:
    """Figures with 95% intervals over groups.

    Args:
        probabilities: `(segments, classes)`.
        labels: `(segments,)`.
        tracks: `(segments,)`.
        group_of_track: the group of every track of the corpus.
        classes: names in the order of the columns.
        seed: of the bootstrap.
    """
    voted, unique = vote(probabilities, tracks)
    track_labels, track_predictions = first_labels(tracks, labels), voted.argmax(axis=1)
    matrix = confusion_matrix(track_labels, track_predictions, len(classes))
    table = per_class(matrix)
    return Evaluation(
        segment=classification_intervals(
            labels, probabilities.argmax(axis=1), group_of_track[tracks], len(classes), seed=seed
        ),
        track=classification_intervals(
            track_labels, track_predictions, group_of_track[unique], len(classes), seed=seed
        ),
        classes=tuple(
            ClassRow(
                name,
                precision=float(table["precision"][i]),
                recall=float(table["recall"][i]),
                f1=float(table["f1"][i]),
                support=int(table["support"][i]),
            )
            for i, name in enumerate(classes)
        ),
        confusion=matrix,
    )


def count_read(ledger: Path, split_hash: str, search: str) -> int:
    """Note that the test side of a split is about to be read, and return how often it now was.

    The ledger outlives searches: a test side that ten searches looked at is no longer untouched.

    Raises:
        StorageError: the ledger cannot be written, so the test side is not read.
    """
    line = {"split_hash": split_hash, "search": search, "at": round(time.time(), 3)}
    try:
        ledger.parent.mkdir(parents=True, exist_ok=True)
        with ledger.open("a+b") as file:
            file.seek(0)
            held = file.read()
            torn = b"" if not held or held.endswith(b"\n") else b"\n"
            file.write(torn + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(
            f"{ledger}: cannot be written ({error.strerror}). It counts how often test sides were read: "
            "free some space or make it writable, then run the same command again."
        ) from error
    return 1 + sum(_split_of(entry) == split_hash for entry in held.splitlines())


def _split_of(entry: bytes) -> str | None:
    try:
        return json.loads(entry)["split_hash"]
    except (ValueError, KeyError, TypeError):  # half a line, of a process that was killed
        return None
