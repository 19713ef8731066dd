"""Decode a corpus into the store: each track once, in parallel, going on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tunebench.audio.corpus import Corpus, Quarantined, StoredTrack
from tunebench.audio.decoder import Decoder, decoder_named
from tunebench.audio.folds import with_folds
from tunebench.audio.manifest import Track, read
from tunebench.audio.pcm import checked
from tunebench.audio.rejection import RejectedAudioError
from tunebench.audio.store import Store
from tunebench.audio.trim import Trim
from tunebench.cores import usable_cores
from tunebench.errors import DataError

if TYPE_CHECKING:
    from tunebench.space.sections import DataSection

Progress = Callable[[int, int], None]
R = TypeVar("R")


def prepare(
    data: DataSection, *, store: Store, progress: Progress | None = None, workers: int | None = None
) -> Corpus:
    """Bring all tracks of a corpus into the store.

    Args:
        data: the corpus.
        store: where the decoded audio lies.
        progress: told (tracks done, tracks in all) as they come, from the calling thread.
        workers: threads; by default two more than there are cores, since writing waits for the disk.

    Raises:
        DataError: the corpus is wrong (see `manifest.read`), or all files of a class are unusable.
        StorageError: the store cannot be written; what is done stays done.
    """
    corpus = decode_all(data, store=store, progress=progress, workers=workers)
    check_classes(corpus)
    return with_dealt_folds(corpus, data)


def with_dealt_folds(corpus: Corpus, data: DataSection) -> Corpus:
    """The corpus with its groups dealt to `data.folds`, where that is asked for and no manifest names any.

    Raises:
        DataError: a class has fewer groups than there are folds.
    """
    tracks = [stored.track for stored in corpus.tracks]
    if data.folds is None or any(track.fold is not None for track in tracks):
        return corpus
    dealt = with_folds(tracks, data.folds, seed=data.split.seed)
    stored = (replace(one, track=track) for one, track in zip(corpus.tracks, dealt, strict=True))
    return replace(corpus, tracks=tuple(stored))


def decode_all(
    data: DataSection, *, store: Store, progress: Progress | None = None, workers: int | None = None
) -> Corpus:
    """`prepare` without its last check and dealt folds: a class may have lost all of its tracks."""
    return decode_tracks(
        read(data), data.root, data.sample_rate, store=store, trim=Trim.of(data.trim),
        decoder=decoder_named(data.decoder), progress=progress, workers=workers,
    )  # fmt: skip


def decode_tracks(
    tracks: Sequence[Track],
    root: Path,
    rate_hz: int,
    *,
    store: Store,
    trim: Trim | None = None,
    decoder: Decoder | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Corpus:
    """Bring tracks of any labels into the store; those that cannot be used are quarantined.

    Raises:
        StorageError: the store cannot be written; what is done stays done.
    """
    decoder = decoder or decoder_named("soundfile")
    store.sweep()

    def one(track: Track) -> StoredTrack | Quarantined:
        try:
            key, samples = _stored(root / track.path, rate_hz, trim, decoder, store)
            return StoredTrack(track, key, samples)
        except RejectedAudioError as rejected:
            return Quarantined(track.path, track.label, rejected.fault, str(rejected))

    results = _in_threads(one, tracks, progress, workers or _default_workers())
    return Corpus(
        classes=tuple(sorted({track.label for track in tracks})),
        tracks=tuple(result for result in results if isinstance(result, StoredTrack)),
        sample_rate_hz=rate_hz,
        quarantined=tuple(result for result in results if isinstance(result, Quarantined)),
        store=store,
    )


def check_classes(corpus: Corpus) -> None:
    """Raise a DataError that names the files where a class has no usable track."""
    left = {stored.track.label for stored in corpus.tracks}
    for label in corpus.classes:
        if label not in left:
            lost = [f"  {row.path}: {row.reason}" for row in corpus.quarantined if row.label == label]
            shown = "\n".join([*lost[:10], *([f"  and {len(lost) - 10} more"] if len(lost) > 10 else [])])
            raise DataError(
                f"class '{label}' has no usable file: all {len(lost)} are quarantined. "
                f"Replace the files, or leave the class out of the corpus.\n{shown}"
            )


def _default_workers() -> int:
    return usable_cores() + 2


def _stored(path: Path, rate_hz: int, trim: Trim | None, decoder: Decoder, store: Store) -> tuple[str, int]:
    """Key and number of samples of a file, decoded now or before."""
    key = store.key(store.fingerprints.of(path), rate_hz, trim, decoder.version)
    samples = store.samples(key)
    if samples is None:
        if verdict := store.verdict(key):
            raise verdict
        try:
            samples = store.write(key, checked(decoder.blocks(path, rate_hz, trim), rate_hz))
        except RejectedAudioError as rejected:
            if rejected.lasting:
                store.write_verdict(key, rejected)
            raise
    return key, samples


def _in_threads(
    work: Callable[[Track], R], tracks: Sequence[Track], progress: Progress | None, workers: int
) -> list[R]:
    """`work` of every track, in their order. The first error, or Ctrl-C, cancels what has not begun."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        futures: list[Future[R]] = [pool.submit(work, track) for track in tracks]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            if progress:
                progress(done, len(tracks))
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)
