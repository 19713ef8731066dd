"""A feature table as a corpus: its rows are segments, and there is no audio."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from tunebench.audio.corpus import Corpus, StoredTrack
from tunebench.audio.feature_table import FeatureTable, read_feature_table
from tunebench.audio.manifest import Track, read
from tunebench.audio.prepare import with_dealt_folds
from tunebench.audio.segments import Segments
from tunebench.audio.store import Store
from tunebench.features.matrix import FeatureMatrix

if TYPE_CHECKING:
    from tunebench.space.sections import DataSection


def corpus_of_table(data: DataSection, *, store: Store) -> tuple[Corpus, Segments, FeatureMatrix]:
    """The corpus that `data.table` names, its rows as segments, and their features.

    A track's key is the hash of its figures, so that copies are known as such.

    Raises:
        DataError: the table or a source of groups is wrong.
    """
    table = read_feature_table(data.root / str(data.table))
    tracks = read(data)
    corpus = Corpus(
        classes=tuple(sorted({track.label for track in tracks})),
        tracks=tuple(_stored(table, place, track) for place, track in enumerate(tracks)),
        sample_rate_hz=data.sample_rate,
        quarantined=(),
        store=store,
        is_table=True,
    )
    corpus = with_dealt_folds(corpus, data)
    first = np.searchsorted(table.track, table.track)
    segments = Segments(
        track=table.track,
        start=np.arange(len(table.track)) - first,
        label=corpus.labels[table.track],
        length=1,
    )
    return corpus, segments, FeatureMatrix(table.columns, table.values)


def _stored(table: FeatureTable, place: int, track: Track) -> StoredTrack:
    rows = table.values[table.track == place]
    key = hashlib.sha256(repr(table.columns).encode() + rows.tobytes()).hexdigest()
    return StoredTrack(track, key, len(rows))
