"""A corpus as a table of features: a row a track or a segment, in the layout of the public GTZAN tables."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.pcm import FULL_SCALE
from tunebench.audio.segments import Segments
from tunebench.errors import StorageError
from tunebench.features.columns import FEATURES, FILENAME, LABEL, LENGTH
from tunebench.features.extract import summary_features

if TYPE_CHECKING:
    import pandas as pd

Row = Literal["track", "segment"]
Progress = Callable[[int, int], None]

_INLINE_TRACKS = 8
"""So few tracks are done before other processes have imported librosa."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a track's samples that one row describes."""

    filename: str
    start: int
    length: int


def feature_table(
    corpus: Corpus,
    segments: Segments,
    *,
    row: Row,
    workers: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The columns `filename`, `length` (samples), the 57 features, and `label`; sorted as the corpus is.

    A file has the name of its track, with its folders only where two tracks share a name. Segments are
    numbered in it: `blues.00000.3.wav` is the fourth of `blues.00000.wav`.

    Raises:
        StorageError: decoded audio has been removed.
    """
    import pandas as pd

    spans = _spans(corpus, segments, row)
    figures = dict(_extracted(corpus, spans, workers or os.cpu_count() or 1, progress))
    whole = np.concatenate([figures[track] for track in range(len(spans))])
    flat = [(span, corpus.tracks[track].track.label) for track, of in enumerate(spans) for span in of]
    table = pd.DataFrame(whole, columns=pd.Index(FEATURES))
    table.insert(0, FILENAME, [span.filename for span, _ in flat])
    table.insert(1, LENGTH, [span.length for span, _ in flat])
    table[LABEL] = [label for _, label in flat]
    return table


def track_features(
    corpus: Corpus, *, workers: int | None = None, progress: Progress | None = None
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The 57 features of each whole track, `(position in the corpus, (57,))`, in the order they are done.

    Raises:
        StorageError: decoded audio has been removed.
    """
    spans = [[Span(stored.track.path, 0, stored.samples)] for stored in corpus.tracks]
    for track, rows in _extracted(corpus, spans, workers or os.cpu_count() or 1, progress):
        yield track, rows[0]


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write the table as Parquet where the path ends in `.parquet`, as CSV otherwise.

    Raises:
        StorageError: the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".parquet":
            table.to_parquet(partial, index=False)
        else:
            table.to_csv(partial, index=False)
        partial.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)


def write_mfccs(
    corpus: Corpus, segments: Segments, path: Path, *, n_mfcc: int, progress: Progress | None = None
) -> None:
    """Write MFCCs of every segment as JSON: `mapping` (classes), `labels`, `files`, `mfcc`.

    `mfcc` is `[segment][frame][coefficient]`, by librosa with its defaults.

    Raises:
        StorageError: the file cannot be written, or decoded audio has been removed.
    """
    import librosa  # late: it takes seconds

    spans = _spans(corpus, segments, "segment")
    found: dict[str, list[Any]] = {"mapping": list(corpus.classes), "labels": [], "files": [], "mfcc": []}
    for track, of_track in enumerate(spans):
        for span in of_track:
            waveform = corpus.read(track, span.start, span.length) / np.float32(FULL_SCALE)
            frames = librosa.feature.mfcc(y=waveform, sr=corpus.sample_rate_hz, n_mfcc=n_mfcc).T
            found["mfcc"].append(np.round(frames, 4).tolist())
            found["labels"].append(int(corpus.labels[track]))
            found["files"].append(span.filename)
        if progress:
            progress(track + 1, len(spans))
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(found) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error


def _spans(corpus: Corpus, segments: Segments, row: Row) -> list[list[Span]]:
    """What each track's rows describe."""
    paths = [PurePosixPath(stored.track.path) for stored in corpus.tracks]
    names = [path.name for path in paths]
    unique = len(set(names)) == len(names)
    spans: list[list[Span]] = []
    for track, path in enumerate(paths):
        shown = PurePosixPath(path.name) if unique else path
        if row == "track":
            spans.append([Span(str(shown), 0, corpus.tracks[track].samples)])
            continue
        starts = segments.start[segments.track == track]
        spans.append([
            Span(str(shown.with_name(f"{shown.stem}.{number}{shown.suffix}")), int(start), segments.length)
            for number, start in enumerate(starts)
        ])  # fmt: skip
    return spans


def _extracted(
    corpus: Corpus, spans: Sequence[Sequence[Span]], workers: int, progress: Progress | None
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The figures of each track, `(rows, 57)`, as they come."""

    def told(done: int) -> None:
        if progress:
            progress(done, len(spans))

    if len(spans) <= _INLINE_TRACKS or workers == 1:
        for track, of_track in enumerate(spans):
            yield track, _of_track(corpus, track, of_track)
            told(track + 1)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_remember, initargs=(corpus,)) as pool:
        waiting = {pool.submit(_of_remembered, track, of): track for track, of in enumerate(spans)}
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                yield waiting[future], future.result()
                told(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_remembered: list[Corpus] = []
"""The corpus of a worker process, sent to it once."""


def _remember(corpus: Corpus) -> None:
    _remembered.append(corpus)


def _of_remembered(track: int, spans: Sequence[Span]) -> NDArray[np.float64]:
    return _of_track(_remembered[0], track, spans)


def _of_track(corpus: Corpus, track: int, spans: Sequence[Span]) -> NDArray[np.float64]:
    rows = [
        summary_features(corpus.read(track, span.start, span.length) / FULL_SCALE, corpus.sample_rate_hz)
        for span in spans
    ]
    return np.stack(rows) if rows else np.zeros((0, len(FEATURES)))
