"""Cutting a recording of any length into the segments that a classifier was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.pcm import FULL_SCALE


def batches_of_windows(
    samples: NDArray[np.int16], starts: Sequence[int], length: int, *, batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Windows `(batch, length)` in [-1, 1], at most `batch_size` at a time; zeros follow the recording's end.

    Args:
        samples: the recording, `(samples,)`.
        starts: the windows' first samples (see `audio.segments.segment_starts`).
        length: of a window, in samples.
        batch_size: memory does not depend on the length of the recording beyond its own samples.
    """
    for first in range(0, len(starts), batch_size):
        batch = np.zeros((len(starts[first : first + batch_size]), length), np.float32)
        for row, start in enumerate(starts[first : first + batch_size]):
            part = samples[start : start + length]
            batch[row, : len(part)] = part
        yield batch / np.float32(FULL_SCALE)
