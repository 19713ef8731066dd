"""The report of a finished search."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tunebench import space
from tunebench.app.corpus import Progress, prepare_data, wants_features
from tunebench.app.folder import SearchFolder, existing_folder, write_atomically
from tunebench.app.leaderboard import Leaderboard, leaderboard, short_value
from tunebench.app.session import last_summary
from tunebench.catalog.feasibility import source_of
from tunebench.catalog.structure import structure_of
from tunebench.errors import InputError, TunebenchError
from tunebench.evaluation.predictions import Predictions, TrackPrediction, from_csv
from tunebench.evaluation.report import (
    Heard,
    Page,
    audio_address,
    draw_input,
    embedded_pictures,
    picture_address,
    render,
)
from tunebench.quiet import import_tensorflow

if TYPE_CHECKING:
    from tunebench.audio.track import Side
    from tunebench.catalog.spec import Values
    from tunebench.space import Experiment
    from tunebench.training.data import TrainingData

MISTAKES, BOARD_ROWS, EXAMPLES, CONFUSED = 8, 30, 12, 8


def write_report(name: str, *, progress: Progress | None = None) -> Path:
    """Write `experiments/<name>/report.html`, and return its path.

    Mistakes can be heard where the audio is still in its place; without it the page says all else.

    Raises:
        InputError: there is no search of this name, or it has not come to a result.
        StorageError: the page cannot be written.
    """
    folder = existing_folder(name)
    summary = last_summary(folder)
    if summary is None:
        raise InputError(
            f"search '{name}' has no result yet; `tunebench search` goes on with it, and `tunebench trials "
            f"{name}` shows what there is"
        )
    experiment = space.load(folder.space)
    import_tensorflow()
    from tunebench.training.runtime import set_up

    set_up()
    try:
        data = prepare_data(experiment.data, features=wants_features(experiment.space), progress=progress)
    except TunebenchError as error:
        warnings.warn(f"the report has no sound: {error}", stacklevel=2)
        data = None
    return report_of(folder, experiment, data, summary)


def report_of(
    folder: SearchFolder, experiment: Experiment, data: TrainingData | None, summary: dict[str, Any]
) -> Path:
    """Write the report of a search whose data stand; returns its path."""
    board = leaderboard(folder.path.name)
    predictions, side = _predictions(folder)
    heard = _Hearing(data, summary["winner"]["values"], experiment.training.precision)
    mistakes = predictions.worst_mistakes(side, MISTAKES) if predictions else []
    page = Page(
        summary=summary,
        space=folder.space.read_text(encoding="utf-8"),
        command=f"tunebench search {folder.space}",
        objective=board.objective,
        tuned=board.tuned,
        board=_rows(board),
        pictures=embedded_pictures(folder.figures),
        confused=predictions.confused_pairs(side)[:CONFUSED] if predictions else [],
        mistakes=[heard.track(track, predictions, sound=True) for track in mistakes if predictions],
        mistakes_side=side,
        examples=[heard.track(track, predictions) for track in _examples(predictions, side) if predictions],
    )
    write_atomically(folder.report, render(page))
    return folder.report


def _predictions(folder: SearchFolder) -> tuple[Predictions | None, Side]:
    if not folder.predictions.exists():
        return None, "validation"
    found = from_csv(folder.predictions.read_text(encoding="utf-8"), str(folder.predictions))
    return found, "test" if found.on("test") else "validation"


def _examples(predictions: Predictions | None, side: Side) -> Sequence[TrackPrediction]:
    """Of each class the track that the winner was surest of, where it was right."""
    if predictions is None:
        return []
    found: dict[str, TrackPrediction] = {}
    for track in sorted(predictions.on(side), key=lambda track: -float(track.probabilities.max())):
        if predictions.predicted(track) == track.label:
            found.setdefault(track.label, track)
    return [found[label] for label in sorted(found)][:EXAMPLES]


def _rows(board: Leaderboard) -> list[dict[str, Any]]:
    return [
        {
            "score": row.score,
            "epochs": row.epochs,
            "latency": f"{row.cost.latency_ms:g}" if row.cost else "",
            "size": f"{row.cost.size_mb:.3g}" if row.cost else "",
            "configuration": row.configuration,
            "winner": row.configuration == board.winner,
            "on_front": row.on_front,
            "tuned": ", ".join(
                short_value(path, row.values[path]) for path in board.tuned if path in row.values
            ),
        }
        for row in board.rows[:BOARD_ROWS]
    ]


class _Hearing:
    """Tracks as the page shows them: with what the winner's net receives, and with their sound."""

    def __init__(self, data: TrainingData | None, values: Values, precision: str) -> None:
        self._data = data
        if data is None:
            return
        from tunebench.training.frontend import frontend_layer

        self._frontend: Any = None  # of feature vectors there is no picture
        if source_of(values) == "waveform":
            classes = len(data.corpus.classes)
            structure = structure_of(values, data.signal, classes=classes, precision=precision)
            self._frontend = frontend_layer(values, data.signal, structure)
        self._places = {stored.track.path: place for place, stored in enumerate(data.corpus.tracks)}

    def track(self, track: TrackPrediction, predictions: Predictions, *, sound: bool = False) -> Heard:
        """One track; without picture and sound where the audio is not at hand."""
        picture = audio = ""
        place = self._places.get(track.path) if self._data else None
        if self._data is not None and not self._data.corpus.is_table and place is not None:
            corpus, signal = self._data.corpus, self._data.signal
            segment = corpus.read(place, 0, signal.samples)
            if self._frontend is not None:
                picture = picture_address(draw_input(np.asarray(self._frontend(segment[None]))[0]))
            if sound:
                audio = audio_address(
                    corpus.read(place, 0, corpus.tracks[place].samples), signal.sample_rate_hz
                )
        said = predictions.predicted(track)
        return Heard(track.path, track.label, said, float(track.probabilities.max()), picture, audio)
