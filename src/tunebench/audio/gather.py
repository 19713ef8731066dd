"""Reading many segments at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.segments import Segments
from tunebench.catalog.variants import Variant


def gather(
    corpus: Corpus,
    segments: Segments,
    indices: ArrayLike,
    variants: Sequence[Variant | None] | None = None,
) -> NDArray[np.int16]:
    """The segments at `indices`, shape (n, length), in their order; zeros after a track's end.

    Of each that has one of `variants`, as long as `indices`, that is read, from the same moment on.

    Reads through the store's memory maps: what it needs is the result's size, whatever the corpus has.

    Raises:
        StorageError: decoded audio has been removed.
    """
    chosen = np.asarray(indices, np.int64)
    out = np.empty((len(chosen), segments.length), np.int16)
    for row in np.argsort(segments.track[chosen], kind="stable"):  # track by track: each is mapped once
        track, start = int(segments.track[chosen[row]]), int(segments.start[chosen[row]])
        variant = variants[row] if variants else None
        out[row] = corpus.read(track, variant.at(start) if variant else start, segments.length, variant)
    return out
