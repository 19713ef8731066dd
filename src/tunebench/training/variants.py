"""Variants of training tracks: computed into the store before the first trial, drawn in each epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.parallel import each
from tunebench.augmentations.variants import altered
from tunebench.catalog.augmentations import AUGMENTATIONS, GROUP
from tunebench.catalog.feasibility import MODELS
from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.variants import Variant, variants_of
from tunebench.seeding import child_rng
from tunebench.training.data import TrainingData

if TYPE_CHECKING:
    from tunebench.space.space import Space


def variants_in(space: Space) -> tuple[Variant, ...]:
    """All variants that a configuration of the space may use."""
    found = space.parameters
    audio = any(FRONTENDS[str(name)].source == "waveform" for name in found["spectrogram"].values() or ())
    if not audio or all(MODELS[str(name)].estimator for name in found["backbone"].values() or ()):
        return ()
    paths = [f"{GROUP}.{name}" for name, row in AUGMENTATIONS.items() if row.stage == "variants"]
    return variants_of({path: max(float(value or 0) for value in found[path].grid(2)) for path in paths})


def with_variants(
    data: TrainingData,
    variants: Sequence[Variant],
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TrainingData:
    """The data with variants of the tracks that train; those that the store lacks are computed.

    `progress` is told (variants computed, variants that were missing).

    Raises:
        StorageError: decoded audio has been removed, or the store cannot be written; what is done stays done.
    """
    corpus, data = data.corpus, replace(data, variants=tuple(variants))
    wanted = {corpus.key(track, variant): (track, variant) for track, variant in data.varied()}
    missing = [task for key, task in wanted.items() if corpus.store.samples(key) is None]
    for _ in each(corpus, _store, missing, workers=workers, progress=progress):
        pass
    return data


def _store(corpus: Corpus, track: int, variant: Variant) -> None:
    samples = corpus.store.read(corpus.key(track))
    corpus.store.write(corpus.key(track, variant), altered(samples, variant, corpus.sample_rate_hz))


@dataclass(frozen=True, slots=True)
class Draws:
    """What each segment of a corpus is in one epoch: itself in one half of all cases, or one of `variants`.

    `drawn` is `(segments,)`, positions in `variants`; below 0 the segment stays as it is.
    """

    variants: tuple[Variant, ...]
    drawn: NDArray[np.int64]

    @classmethod
    def of_epoch(cls, variants: Sequence[Variant], seed: int, epoch: int, segments: int) -> Draws:
        """Depends on the seed, the epoch and the segment's position in the corpus alone."""
        count = len(variants)
        return cls(tuple(variants), child_rng(seed, "variants", epoch).integers(-count, count, segments))

    def of(self, indices: NDArray[np.integer]) -> list[Variant | None]:
        """What the segments at `indices` are."""
        return [None if drawn < 0 else self.variants[drawn] for drawn in self.drawn[indices]]
