"""What every trial of a search trains and validates on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.gather import gather
from tunebench.audio.segments import Segments
from tunebench.audio.splits import Split
from tunebench.catalog.spec import Signal, Source
from tunebench.features.matrix import FeatureMatrix


@dataclass(frozen=True, slots=True)
class TrainingData:
    """A decoded corpus, its segments, which of them stand on which side, and their feature vectors, if any.

    A corpus that came as a table has vectors alone.
    """

    corpus: Corpus
    segments: Segments
    split: Split
    features: FeatureMatrix | None = None

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

    def read(self, indices: NDArray[np.integer], source: Source) -> NDArray[np.int16] | NDArray[np.float32]:
        """Segments as int16 waveforms `(n, samples)`, or as float32 vectors `(n, columns)`.

        Raises:
            StorageError: decoded audio has been removed.
        """
        if source == "waveform":
            return gather(self.corpus, self.segments, indices)
        return self.vectors.values[indices]
