"""From a data section to what trials train on: decode, cut, compute features, split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tunebench import paths
from tunebench.audio.audit import Audit, audit, cleaned
from tunebench.audio.corpus import Corpus
from tunebench.audio.layout import Layout
from tunebench.audio.prepare import prepare
from tunebench.audio.segments import Segments, segment
from tunebench.audio.splits import split
from tunebench.audio.store import Store
from tunebench.audio.table import write_table
from tunebench.catalog.frontends import FRONTENDS
from tunebench.errors import InputError
from tunebench.features.from_table import corpus_of_table
from tunebench.features.matrix import FeatureMatrix, feature_matrix
from tunebench.space import DataSection, Space
from tunebench.space.split_section import SplitSection
from tunebench.training.data import TrainingData

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A corpus that is ready to be split, one way or another."""

    corpus: Corpus
    segments: Segments
    features: FeatureMatrix | None

    def under(self, section: SplitSection) -> TrainingData:
        """What trials train on under a split.

        Raises:
            DataError: the split cannot be made.
        """
        sides = split(self.corpus, self.segments, section)
        return TrainingData(self.corpus, self.segments, sides, self.features)


def wants_features(space: Space) -> bool:
    """Whether a space has a use for the summary features of audio."""
    named = space.parameters["spectrogram"].values() or ()
    return any(FRONTENDS[str(name)].source == "features" for name in named)


def prepare_corpus(
    data: DataSection, *, features: bool = False, progress: Progress | None = None
) -> Prepared:
    """Decode what the store does not hold yet, and with `features` compute the summary features of segments.

    Raises:
        DataError: the corpus, the table or the manifest is wrong.
        StorageError: the store cannot be written.
    """
    store = Store(paths.store())
    if data.table is not None:
        return Prepared(*corpus_of_table(data, store=store))
    corpus = prepare(data, store=store, progress=progress)
    segments = segment(corpus, data.segment)
    vectors = feature_matrix(corpus, segments, progress=progress) if features else None
    return Prepared(corpus, segments, vectors)


def prepare_data(
    data: DataSection, *, features: bool = False, progress: Progress | None = None
) -> TrainingData:
    """`prepare_corpus` under the split of the file.

    Raises:
        DataError: the corpus, the manifest or the split is wrong.
        StorageError: the store cannot be written.
    """
    return prepare_corpus(data, features=features, progress=progress).under(data.split)


def write_cleaned(data: DataSection, found: Audit, file: Path) -> int:
    """Write a manifest of what can be used of a corpus; returns how many tracks that is.

    Its columns are called as those of the corpus's own, so that it can be written as `data.manifest` instead.

    Raises:
        InputError: the file is the corpus's own manifest.
        DataError: there is no corpus to look at, or a class would be left without a track.
        StorageError: the manifest cannot be written.
    """
    own = data.manifest and data.root / data.manifest
    if own and file.resolve() == own.resolve():
        raise InputError(f"{file}: is the corpus's own manifest, and is left as it is; write another name")
    tracks = cleaned(data, found)
    write_table(file, tracks, Layout.of(data))
    return len(tracks)


def audit_data(
    data: DataSection, *, progress: Progress | None = None, listening: Progress | None = None
) -> Audit:
    """Look at every file of a corpus, for tracks that hold the same recording, and at the resulting split.

    Raises:
        InputError: the corpus is a table of features.
        DataError: there is no corpus to look at.
        StorageError: the store cannot be written.
    """
    if data.table is not None:
        raise InputError(f"data.table {data.table}: has no audio to look at. Leave it out to check audio")
    return audit(data, store=Store(paths.store()), progress=progress, pairs=True, listening=listening)
