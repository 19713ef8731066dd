"""A collection of music as a matrix: a row a track, of features or of a model's embeddings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebench import paths
from tunebench.app.load import load_experiment
from tunebench.app.models import find_bundle
from tunebench.audio import manifest
from tunebench.audio.collection import collect, labelled_by_file, labelled_by_folders
from tunebench.audio.corpus import Corpus, Quarantined
from tunebench.audio.prepare import decode_tracks
from tunebench.audio.store import Store
from tunebench.audio.track import Track
from tunebench.audio.trim import Trim
from tunebench.catalog.features import FEATURES
from tunebench.errors import DataError, InputError
from tunebench.features.matrix import kept_features
from tunebench.features.read import SUFFIXES, read_features
from tunebench.features.table import Span
from tunebench.quiet import import_tensorflow

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many tracks it is done for, and of how many."""

SECONDS = 30.0
FEATURES_RATE_HZ = 22_050


@dataclass(frozen=True, slots=True)
class Collection:
    """Tracks as vectors: `paths` and `labels` `(n,)`, `matrix` `(n, columns)`, finite.

    A label is empty where it is unknown; `labelled_by` says where labels come from. `columns` is empty where
    columns have no meaning of their own, as those of an embedding. `classes` are what the model was taught.
    """

    paths: tuple[str, ...]
    labels: tuple[str, ...]
    matrix: NDArray[np.floating]
    columns: tuple[str, ...]
    kind: str
    labelled_by: str | None = None
    classes: tuple[str, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()


def read_collection(
    source: Path,
    *,
    model: str | None,
    labels: Path | None,
    seconds: float | None,
    progress: Progress | None,
) -> Collection:
    """Read a folder of audio, the corpus of a YAML file, or a feature table (see `app.cluster`).

    Raises:
        InputError: options that do not go together, or no such model.
        DataError: there is no audio, or none that can be used; the table or the labels are wrong.
        StorageError: the store cannot be written.
    """
    if source.suffix.lower() in SUFFIXES and not source.is_dir():
        if model or seconds is not None:
            raise InputError(f"{source}: --model and --seconds need audio: write its folder, or neither")
        return _of_table(source, labels)
    tracks, labelled_by, root, trim = _tracks(source)
    if labels is not None:
        tracks, labelled_by = labelled_by_file(tracks, labels), labels.name
    if seconds is not None:
        trim = Trim(seconds, None) if seconds else None
    told = (lambda done, total: progress("decoding", done, total)) if progress else None
    store = Store(paths.store())

    def decoded(rate_hz: int, at_least_s: float) -> Corpus:
        stretch = replace(trim, seconds=max(trim.seconds, at_least_s)) if trim else None
        corpus = decode_tracks(tracks, root, rate_hz, store=store, trim=stretch, progress=told)
        if not corpus.tracks:
            first = corpus.quarantined[0]
            raise DataError(
                f"{source}: none of its {len(tracks)} files can be used; {first.path}: {first.reason}. "
                "Give audio files with at least 0.1 s of sound."
            )
        return corpus

    if model is None:
        corpus = decoded(FEATURES_RATE_HZ, 0.0)
        matrix, columns, kind, classes = _features(corpus, progress), FEATURES, "features", ()
    else:
        corpus, matrix, classes = _embeddings(model, decoded, progress)
        columns, kind = (), "embeddings"
    return Collection(
        tuple(stored.track.path for stored in corpus.tracks),
        tuple(stored.track.label for stored in corpus.tracks),
        matrix, columns, kind, labelled_by, classes, corpus.quarantined,
    )  # fmt: skip


def _tracks(source: Path) -> tuple[list[Track], str | None, Path, Trim | None]:
    """Tracks, where their labels are from, the folder they lie in, and the stretch of each."""
    if source.suffix.lower() in (".yaml", ".yml") and not source.is_dir():
        data = load_experiment(source).data
        return list(manifest.read(data)), data.manifest or "folders", data.root, Trim.of(data.trim)
    tracks = labelled_by_folders(collect(source))
    return tracks, "folders" if tracks[0].label else None, source, Trim(SECONDS, None)


def _of_table(file: Path, labels: Path | None) -> Collection:
    table = read_features(file)
    found, labelled_by = table.labels, "label" if any(table.labels) else None
    if labels is not None:
        tracks = labelled_by_file([Track(name, "") for name in table.names], labels)
        found, labelled_by = tuple(track.label for track in tracks), labels.name
    return Collection(table.names, found, table.figures, table.columns, "table", labelled_by)


def _features(corpus: Corpus, progress: Progress | None) -> NDArray[np.float32]:
    told = (lambda done, total: progress("features", done, total)) if progress else None
    whole = [[Span("", 0, stored.samples)] for stored in corpus.tracks]
    return np.concatenate(kept_features(corpus, whole, progress=told))


def _embeddings(
    model: str, decoded: Callable[[int, float], Corpus], progress: Progress | None
) -> tuple[Corpus, NDArray[np.float32], tuple[str, ...]]:
    folder = find_bundle(model)
    import_tensorflow()
    from tunebench.serving.embedder import Embedder

    embedder = Embedder.load(folder)
    bundle = embedder.bundle
    corpus = decoded(bundle.sample_rate_hz, bundle.segment_samples / bundle.sample_rate_hz)
    vectors: list[NDArray[np.floating]] = []
    for position, stored in enumerate(corpus.tracks):
        key = corpus.store.derived_key(stored.key, "embedding", [embedder.digest])
        vector = corpus.store.read_array(key)
        if vector is None:
            vector = embedder.embed(corpus.read(position, 0, stored.samples))
            corpus.store.write_array(key, vector)
        vectors.append(vector)
        if progress:
            progress("embedding", position + 1, len(corpus.tracks))
    return corpus, np.stack(vectors), bundle.classes
