"""What a service has heard and said lately, against the reference in its bundle."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tunebench.errors import InputError
from tunebench.metrics.drift import ENOUGH, STATISTICS, Drift, bin_counts, compare, measure

RECENT = 1_000
"""Windows that the rolling statistics are of."""


class RecentWindows:
    """Rolling counts of the last `RECENT` windows; threads may share it.

    Raises:
        InputError: the reference has other bins than these statistics.
    """

    def __init__(self, reference: Mapping[str, Sequence[int]], classes: Sequence[str]) -> None:
        self._reference, self._classes = reference, tuple(classes)
        self._bins: deque[tuple[int, ...]] = deque(maxlen=RECENT)
        self._lock = threading.Lock()
        bins = {name: len(counts) for name, counts in reference.items()}
        if reference and bins != bin_counts(len(classes)):
            raise InputError(
                "The bundle's reference for drift has other bins than this version of tunebench takes. "
                "Export the model again with this version, or serve it with the one that wrote it."
            )
        self.seen = 0

    def add(self, waveforms: NDArray[np.float32], probabilities: NDArray[np.float32]) -> None:
        """Note windows `(n, samples)` and what was said of them, `(n, classes)`."""
        found = measure(waveforms, probabilities)
        rows = zip(*(found[name].tolist() for name in STATISTICS), strict=True)
        with self._lock:
            self._bins.extend(rows)
            self.seen += len(waveforms)

    @property
    def enough(self) -> bool:
        """Whether there is a reference, and enough was heard to compare with it."""
        return bool(self._reference) and len(self._bins) >= ENOUGH

    def statistics(self) -> list[Drift]:
        """Each statistic against the reference; none where the bundle has none."""
        if not self._reference:
            return []
        with self._lock:
            rows = list(self._bins)
        columns = list(zip(*rows, strict=True)) or [()] * len(STATISTICS)
        sizes = bin_counts(len(self._classes))
        recent = {
            name: np.bincount(np.asarray(column, int), minlength=sizes[name]).tolist()
            for name, column in zip(STATISTICS, columns, strict=True)
        }
        return compare(self._reference, recent, self._classes)
