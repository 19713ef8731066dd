"""Cutting a recording of any length into the segments that a classifier was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.pcm import FULL_SCALE
from tunebench.audio.segments import segment_starts
from tunebench.export.layout import Bundle


class RecordingWindows:
    """The windows of a recording, cut when asked for: `windows[a:b]` is `(b - a, length)` in [-1, 1].

    Zeros follow the recording's end. Memory does not depend on its length beyond its own samples.

    Args:
        samples: the recording, `(samples,)`.
        starts: the windows' first samples.
        length: of a window, in samples.
    """

    def __init__(self, samples: NDArray[np.int16], starts: Sequence[int], length: int) -> None:
        self.starts = starts
        self._samples, self._length = samples, length

    @classmethod
    def of(cls, samples: NDArray[np.int16], bundle: Bundle) -> RecordingWindows:
        """The windows that a bundle's model is asked about (see `audio.segments.segment_starts`)."""
        starts = segment_starts(len(samples), bundle.segment_samples, bundle.hop_samples)
        return cls(samples, starts, bundle.segment_samples)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, part: slice) -> NDArray[np.float32]:
        starts = self.starts[part]
        windows = np.zeros((len(starts), self._length), np.float32)
        for row, start in enumerate(starts):
            samples = self._samples[start : start + self._length]
            windows[row, : len(samples)] = samples
        windows /= np.float32(FULL_SCALE)
        return windows

    def batches(self, size: int) -> Iterator[NDArray[np.float32]]:
        """All of them, at most `size` at a time."""
        for first in range(0, len(self), size):
            yield self[first : first + size]
