"""An open audio file: what the two readers, libsndfile and FFmpeg, have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.rejection import Fault, RejectedAudioError

BLOCK_SAMPLES = 2**18
"""Samples, over all channels, that are read at a time: memory does not depend on what a header says."""

RATES_HZ = (1_000, 768_000)


class Source(Protocol):
    """A file that is open for reading, as mono float32 in [-1, 1] at its own rate. A context manager."""

    @property
    def rate_hz(self) -> int:
        """Sample rate of the file."""
        ...

    def count(self) -> int:
        """Frames that can be read, whatever the header says."""
        ...

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Read the whole file in blocks of shape (frames,), the channels' mean. May be called again."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class CannotReadError(Exception):
    """This reader cannot make sense of the file; another may."""


def check_rate(rate_hz: int) -> int:
    """Return the rate if audio can have it.

    Raises:
        RejectedAudioError: it is outside of `RATES_HZ`.
    """
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise RejectedAudioError(Fault.UNREADABLE, f"its header gives a sample rate of {rate_hz} Hz")
    return rate_hz
