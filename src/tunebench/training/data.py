"""What every trial of a search trains and validates on."""

from __future__ import annotations

from dataclasses import dataclass

from tunebench.audio.corpus import Corpus
from tunebench.audio.segments import Segments
from tunebench.audio.splits import Split
from tunebench.catalog.spec import Signal


@dataclass(frozen=True, slots=True)
class TrainingData:
    """A decoded corpus, its segments, and which of them stand on which side."""

    corpus: Corpus
    segments: Segments
    split: Split

    @property
    def signal(self) -> Signal:
        """The kind of segment that front-ends receive."""
        return Signal(self.corpus.sample_rate_hz, self.segments.length)
