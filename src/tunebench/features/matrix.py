"""Feature vectors of all segments of a corpus, computed once and kept in the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.segments import Segments
from tunebench.catalog.features import FEATURES
from tunebench.features.table import Span, extracted

VERSION = 1
"""Of the features: another one computes them anew."""


@dataclass(frozen=True)
class FeatureMatrix:
    """A vector a segment: `values` `(segments, columns)` float32, NaN where one is missing."""

    columns: tuple[str, ...]
    values: NDArray[np.float32]


def feature_matrix(
    corpus: Corpus, segments: Segments, *, progress: Callable[[int, int], None] | None = None
) -> FeatureMatrix:
    """The summary features of every segment; those that were computed before are read from the store.

    Raises:
        StorageError: decoded audio has been removed, or the store cannot be written.
    """
    starts = [segments.start[segments.track == track].tolist() for track in range(len(corpus.tracks))]
    keys = [
        corpus.store.derived_key(
            stored.key, "features", [VERSION, corpus.sample_rate_hz, segments.length, own]
        )
        for stored, own in zip(corpus.tracks, starts, strict=True)
    ]
    found = [corpus.store.read_array(key) for key in keys]
    missing = [track for track, vectors in enumerate(found) if vectors is None]
    spans = [[Span("", start, segments.length) for start in starts[track]] for track in missing]
    for place, vectors in extracted(corpus, missing, spans, progress=progress):
        found[missing[place]] = vectors
        corpus.store.write_array(keys[missing[place]], vectors)
    whole = np.concatenate([vectors for vectors in found if vectors is not None])
    return FeatureMatrix(FEATURES, whole.astype(np.float32))
