"""A corpus that is ready to be read: its tracks in the store, and those that were left out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.manifest import Track
from tunebench.audio.rejection import Fault
from tunebench.audio.store import Store
from tunebench.catalog.variants import VERSION, Variant


@dataclass(frozen=True, slots=True)
class StoredTrack:
    """A track whose audio is in the store under `key`, `samples` long."""

    track: Track
    key: str
    samples: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that is not used, and why."""

    path: str
    label: str
    fault: Fault
    reason: str


@dataclass(frozen=True)
class Corpus:
    """Decoded tracks, sorted by path. Pickles small: the audio stays in the store.

    `classes` are sorted; a class's position is its label in arrays.
    """

    classes: tuple[str, ...]
    tracks: tuple[StoredTrack, ...]
    sample_rate_hz: int
    quarantined: tuple[Quarantined, ...]
    store: Store
    is_table: bool = False
    """Whether it came as a table of features: then a track's `samples` are rows, and there is no audio."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what there is to learn from: paths, labels, groups and audio, not where they lie."""
        rows = sorted((s.track.path, s.track.label, s.track.group or "", s.key) for s in self.tracks)
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    @cached_property
    def labels(self) -> NDArray[np.int32]:
        """Position of each track's class in `classes`, shape (tracks,)."""
        position = {label: index for index, label in enumerate(self.classes)}
        return np.array([position[stored.track.label] for stored in self.tracks], np.int32)

    def key(self, track_index: int, variant: Variant | None = None) -> str:
        """Where a track, or a variant of it, is in the store."""
        own = self.tracks[track_index].key
        if variant is None:
            return own
        return self.store.derived_key(own, variant.name, [VERSION, variant.amount])

    def read(
        self, track_index: int, start: int, length: int, variant: Variant | None = None
    ) -> NDArray[np.int16]:
        """Samples `start` to `start + length` of a track or its variant, zeros after its end; (length,)."""
        samples = self.store.read(self.key(track_index, variant))[start : start + length]
        if len(samples) == length:
            return np.array(samples)
        padded = np.zeros(length, np.int16)
        padded[: len(samples)] = samples
        return padded
