"""Feature vectors of segments and of whole tracks, computed once and kept in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.segments import Segments
from tunebench.catalog.features import FEATURES
from tunebench.features.table import Progress, Span, extracted

VERSION = 2
"""Of the features: another one computes them anew."""


@dataclass(frozen=True)
class FeatureMatrix:
    """A vector a segment: `values` `(segments, columns)` float32, NaN where one is missing."""

    columns: tuple[str, ...]
    values: NDArray[np.float32]


def feature_matrix(corpus: Corpus, segments: Segments, *, progress: Progress | None = None) -> FeatureMatrix:
    """The summary features of every segment.

    Raises:
        StorageError: decoded audio has been removed, or the store cannot be written.
    """
    starts = [segments.start[segments.track == track].tolist() for track in range(len(corpus.tracks))]
    spans = [[Span("", start, segments.length) for start in own] for own in starts]
    return FeatureMatrix(FEATURES, np.concatenate(kept_features(corpus, spans, progress=progress)))


def kept_features(
    corpus: Corpus, spans: Sequence[Sequence[Span]], *, progress: Progress | None = None
) -> list[NDArray[np.float32]]:
    """The summary features of each track's spans, `(spans, 57)`; the store holds those computed before.

    Raises:
        StorageError: decoded audio has been removed, or the store cannot be written.
    """
    store = corpus.store
    keys = [
        store.derived_key(
            stored.key, "features", [VERSION, corpus.sample_rate_hz, [[s.start, s.length] for s in own]]
        )
        for stored, own in zip(corpus.tracks, spans, strict=True)
    ]
    found = [store.read_array(key) for key in keys]
    missing = [track for track, vectors in enumerate(found) if vectors is None]
    new = extracted(corpus, missing, [spans[track] for track in missing], progress=progress)
    for place, vectors in new:
        found[missing[place]] = vectors
        store.write_array(keys[missing[place]], vectors)
    return [vectors.astype(np.float32) for vectors in found if vectors is not None]
