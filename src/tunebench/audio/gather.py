"""Reading many segments at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.segments import Segments


def gather(corpus: Corpus, segments: Segments, indices: ArrayLike) -> NDArray[np.int16]:
    """The segments at `indices`, shape (n, length), in their order; zeros after a track's end.

    Reads through the store's memory maps: what it needs is the result's size, whatever the corpus has.

    Raises:
        StorageError: decoded audio has been removed.
    """
    chosen = np.asarray(indices, np.int64)
    out = np.empty((len(chosen), segments.length), np.int16)
    for row in np.argsort(segments.track[chosen], kind="stable"):  # track by track: each is mapped once
        index = chosen[row]
        out[row] = corpus.read(int(segments.track[index]), int(segments.start[index]), segments.length)
    return out
