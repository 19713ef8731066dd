"""Cutting tracks into the examples that are classified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.errors import DataError

if TYPE_CHECKING:
    from tunebench.space.sections import SegmentSection


@dataclass(frozen=True)
class Segments:
    """All segments of a corpus, in the order of its tracks, each `length` samples long.

    `track` (n,) int32 is a position in `corpus.tracks`, `start` (n,) int64 its first sample there, `label`
    (n,) int32 a position in `corpus.classes`. Past a track's end come zeros.
    """

    track: NDArray[np.int32]
    start: NDArray[np.int64]
    label: NDArray[np.int32]
    length: int

    def __len__(self) -> int:
        return len(self.track)


def segment(corpus: Corpus, section: SegmentSection) -> Segments:
    """Cut every track: `section.seconds` long, `section.hop` apart.

    Raises:
        DataError: a segment or a hop of less than one sample.
    """
    length = round(section.seconds * corpus.sample_rate_hz)
    hop = round((section.hop or section.seconds) * corpus.sample_rate_hz)
    if length < 1 or hop < 1:
        raise DataError(
            f"data.segment: seconds and hop must be a sample or more, at {corpus.sample_rate_hz} Hz"
        )
    starts = [segment_starts(stored.samples, length, hop) for stored in corpus.tracks]
    counts = [len(of_track) for of_track in starts]
    track = np.repeat(np.arange(len(starts), dtype=np.int32), counts)
    return Segments(
        track=track,
        start=np.concatenate([np.zeros(0, np.int64), *map(np.asarray, starts)], dtype=np.int64),
        label=corpus.labels[track],
        length=length,
    )


def segment_starts(samples: int, length: int, hop: int) -> Sequence[int]:
    """First samples of a track's segments.

    A track that is not longer than one segment gives one. Of a longer one, what is left behind the last whole
    segment gives one more if its segment would be at least half full, and holds something new.
    """
    if samples <= length:
        return range(1)
    whole = range(0, samples - length + 1, hop)
    tail = whole[-1] + hop
    new = samples > whole[-1] + length
    return range(0, tail + 1, hop) if new and 2 * (samples - tail) >= length else whole
