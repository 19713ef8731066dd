"""A bounded number of memory-mapped files."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLE = np.dtype("<i2")


class Maps:
    """The last `capacity` files that were read, mapped. Each map holds a file descriptor."""

    def __init__(self, capacity: int = 128) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, NDArray[np.int16]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def get(self, path: Path) -> NDArray[np.int16]:
        """The samples of a file, shape (samples,); pages are read when they are touched.

        A map that is dropped closes when its last reader lets go of it.
        """
        with self._lock:
            samples = self._open.pop(path, None)
            if samples is None:
                samples = np.memmap(path, SAMPLE, mode="r")
            self._open[path] = samples
            if len(self._open) > self._capacity:
                self._open.popitem(last=False)
            return samples
