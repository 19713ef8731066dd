"""What the winner said of every track: kept, so that mistakes can be heard and models compared."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.track import Side
from tunebench.errors import DataError
from tunebench.metrics.classification import first_labels, vote

_PROBABILITY = "p."


@dataclass(frozen=True, slots=True)
class TrackPrediction:
    """One track: its class, and the mean of its segments' probabilities, `(classes,)`."""

    side: Side
    path: str
    group: str
    label: str
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Tracks of one class that were taken for another."""

    label: str
    predicted: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Predictions:
    """Tracks in the order of the corpus, one side after another; `classes` name the probabilities."""

    classes: tuple[str, ...]
    tracks: tuple[TrackPrediction, ...]

    def on(self, side: Side) -> list[TrackPrediction]:
        """The tracks of one side."""
        return [track for track in self.tracks if track.side == side]

    def predicted(self, track: TrackPrediction) -> str:
        """The class that a track was taken for."""
        return self.classes[int(track.probabilities.argmax())]

    def worst_mistakes(self, side: Side, count: int) -> list[TrackPrediction]:
        """The wrong answers that the model was surest of, the worst first."""
        wrong = [track for track in self.on(side) if self.predicted(track) != track.label]
        return sorted(wrong, key=lambda track: (-float(track.probabilities.max()), track.path))[:count]

    def confused_pairs(self, side: Side) -> list[ConfusedPair]:
        """Pairs of true and predicted class with the tracks behind them, the most frequent first."""
        found: dict[tuple[str, str], list[str]] = {}
        for track in self.on(side):
            if (said := self.predicted(track)) != track.label:
                found.setdefault((track.label, said), []).append(track.path)
        pairs = [ConfusedPair(label, said, tuple(sorted(paths))) for (label, said), paths in found.items()]
        return sorted(pairs, key=lambda pair: (-len(pair.paths), pair.label, pair.predicted))

    def to_csv(self) -> str:
        """A row a track: `side`, `path`, `group`, `label`, `predicted`, and `p.<class>` for each class."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        columns = [_PROBABILITY + name for name in self.classes]
        writer.writerow(["side", "path", "group", "label", "predicted", *columns])
        for track in self.tracks:
            figures = [repr(float(p)) for p in track.probabilities]
            writer.writerow(
                [track.side, track.path, track.group, track.label, self.predicted(track), *figures]
            )
        return stream.getvalue()


def from_csv(text: str, source: str) -> Predictions:
    """What `to_csv` wrote; `source` names it where it is something else.

    Raises:
        DataError: it is no table of predictions.
    """
    reader = csv.DictReader(io.StringIO(text))
    columns = [name for name in reader.fieldnames or () if name.startswith(_PROBABILITY)]
    try:
        if not columns:
            raise KeyError("no columns p.<class>")
        tracks = tuple(
            TrackPrediction(
                row["side"],  # pyright: ignore[reportArgumentType]  (as it was written)
                row["path"],
                row["group"],
                row["label"],
                np.array([float(row[name]) for name in columns]),
            )
            for row in reader
        )
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{source}: not a table of predictions as a search writes it ({error})") from error
    return Predictions(tuple(name.removeprefix(_PROBABILITY) for name in columns), tracks)


def track_predictions(
    side: Side,
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    tracks: NDArray[np.integer],
    *,
    paths: Sequence[str],
    groups: Sequence[str],
    classes: Sequence[str],
) -> list[TrackPrediction]:
    """Tracks of one side from their segments.

    Args:
        side: its name.
        probabilities: `(segments, classes)`.
        labels: of the segments, `(segments,)`.
        tracks: of the segments, `(segments,)`.
        paths: of all tracks of the corpus.
        groups: of all tracks of the corpus; empty where a track is a group of its own.
        classes: names of the columns.
    """
    voted, unique = vote(probabilities, tracks)
    return [
        TrackPrediction(side, paths[int(track)], groups[int(track)], classes[int(label)], row)
        for track, label, row in zip(unique, first_labels(tracks, labels), voted, strict=True)
    ]
