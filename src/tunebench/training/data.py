"""What every trial of a search trains and validates on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.gather import gather
from tunebench.audio.segments import Segments
from tunebench.audio.splits import Split
from tunebench.catalog.spec import Signal, Source
from tunebench.catalog.variants import Variant
from tunebench.features.matrix import FeatureMatrix


@dataclass(frozen=True, slots=True)
class TrainingData:
    """A decoded corpus, its segments, which of them stand on which side, and their feature vectors, if any.

    A corpus that came as a table has vectors alone. Of tracks that train, the store holds `variants` too.
    """

    corpus: Corpus
    segments: Segments
    split: Split
    features: FeatureMatrix | None = None
    variants: tuple[Variant, ...] = ()

    @property
    def signal(self) -> Signal:
        """The kind of segment that front-ends receive."""
        columns = len(self.vectors.columns) if self.corpus.is_table else 0
        return Signal(self.corpus.sample_rate_hz, self.segments.length, columns)

    @property
    def vectors(self) -> FeatureMatrix:
        """The feature vectors, of a space that has a use for them."""
        if self.features is None:
            raise RuntimeError("no feature vectors were prepared for this space")
        return self.features

    def width(self, source: Source) -> int:
        """How long a segment is: in samples, or in columns."""
        return self.segments.length if source == "waveform" else len(self.vectors.columns)

    def varied(self) -> Iterator[tuple[int, Variant]]:
        """Every track of the training side with every variant; of a table there are none."""
        if self.corpus.is_table:
            return
        for track in np.unique(self.segments.track[self.split.train]).tolist():
            yield from ((track, variant) for variant in self.variants)

    def audio(self) -> Iterator[tuple[str, int]]:
        """Key and number of samples of all audio that trials read; a table has none."""
        if self.corpus.is_table:
            return
        for stored in self.corpus.tracks:
            yield stored.key, stored.samples
        for track, variant in self.varied():
            yield self.corpus.key(track, variant), variant.at(self.corpus.tracks[track].samples)

    def read(
        self,
        indices: NDArray[np.integer],
        source: Source,
        variants: Sequence[Variant | None] | None = None,
    ) -> NDArray[np.int16] | NDArray[np.float32]:
        """Segments as int16 waveforms `(n, samples)`, or as float32 vectors `(n, columns)`.

        Waveforms of which one of `variants` is wanted are read of that.

        Raises:
            StorageError: decoded audio has been removed.
        """
        if source == "waveform":
            return gather(self.corpus, self.segments, indices, variants)
        return self.vectors.values[indices]
