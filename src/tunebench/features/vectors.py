"""Vectors of tracks that were computed before, remembered by what they were computed from."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class VectorCache:
    """A file of one JSON list a line, `[key, little-endian float32 in base64]`, that is only appended to.

    It is a cache: a line that a crash tore is skipped, and where it cannot be written, vectors are computed
    again. One process at a time is expected; two that append write the same lines twice.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = dict(_lines(file))

    def get(self, key: str) -> NDArray[np.float32] | None:
        """The vector `(columns,)` of this key, if it was remembered."""
        return self._known.get(key)

    def vector(self, key: str) -> NDArray[np.float32]:
        """The vector of a key that is remembered."""
        return self._known[key]

    def remember(self, key: str, vector: NDArray[np.floating]) -> None:
        """Write a vector down at once, in float32: it is the same now as when it is read again."""
        kept = np.asarray(vector, "<f4")
        self._known[key] = kept
        line = "\n" + json.dumps([key, base64.b64encode(kept.tobytes()).decode()]) + "\n"
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError:
            pass  # only a cache; a disk that is full is reported where results are written


def _lines(file: Path) -> list[tuple[str, NDArray[np.float32]]]:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found: list[tuple[str, NDArray[np.float32]]] = []
    for line in text.splitlines():
        try:
            key, coded = json.loads(line)
            found.append((str(key), np.frombuffer(base64.b64decode(coded), "<f4")))
        except (ValueError, TypeError):
            continue  # torn by a crash
    return found
