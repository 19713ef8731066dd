"""A corpus as a table of features: a row a track or a segment, in the layout of the public GTZAN tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.parallel import Progress, each
from tunebench.audio.pcm import FULL_SCALE
from tunebench.audio.segments import Segments
from tunebench.catalog.features import FEATURES, FILENAME, LABEL, LENGTH
from tunebench.errors import StorageError
from tunebench.features.extract import summary_features

if TYPE_CHECKING:
    import pandas as pd

Row = Literal["track", "segment"]


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
    groups: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The columns `filename`, `length` (samples), the 57 features, and `label`; sorted as the corpus is.

    With `groups`, `group` and `fold` follow, as the corpus has them, so that the table can be split as it is.
    A file has the name of its track, with its folders only where two tracks share a name. Segments are
    numbered in it: `blues.00000.3.wav` is the fourth of `blues.00000.wav`.

    Raises:
        StorageError: decoded audio has been removed.
    """
    import pandas as pd

    spans = _spans(corpus, segments, row)
    figures = dict(extracted(corpus, range(len(spans)), spans, workers=workers, progress=progress))
    whole = np.concatenate([figures[track] for track in range(len(spans))])
    flat = [(span, corpus.tracks[track].track) for track, of in enumerate(spans) for span in of]
    table = pd.DataFrame(whole, columns=pd.Index(FEATURES))
    table.insert(0, FILENAME, [span.filename for span, _ in flat])
    table.insert(1, LENGTH, [span.length for span, _ in flat])
    table[LABEL] = [track.label for _, track in flat]
    if groups:
        table["group"] = [track.group for _, track in flat]
        table["fold"] = pd.array([track.fold for _, track in flat], dtype="Int64")
    return table


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


def extracted(
    corpus: Corpus,
    tracks: Sequence[int],
    spans: Sequence[Sequence[Span]],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The figures of the spans of some tracks, `(rows, 57)`, as they come, with their place in `tracks`."""
    tasks = list(zip(tracks, spans, strict=True))
    return each(corpus, _of_track, tasks, workers=workers, progress=progress)


def _of_track(corpus: Corpus, track: int, spans: Sequence[Span]) -> NDArray[np.float64]:
    rows = [
        summary_features(corpus.read(track, span.start, span.length) / FULL_SCALE, corpus.sample_rate_hz)
        for span in spans
    ]
    return np.stack(rows) if rows else np.zeros((0, len(FEATURES)))
