"""A search's winner in the form that somebody else's program reads, judged on the search's own data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebench import space
from tunebench.app.corpus import prepare_data
from tunebench.app.folder import SearchFolder, search_folder
from tunebench.app.models import find_bundle
from tunebench.audio.gather import gather
from tunebench.audio.pcm import FULL_SCALE
from tunebench.errors import DataError, InputError
from tunebench.evaluation.predictions import Predictions, from_csv
from tunebench.export import layout
from tunebench.export.formats import NO_CALIBRATION, export
from tunebench.export.forms import Asked
from tunebench.metrics.classification import vote
from tunebench.quiet import import_tensorflow

if TYPE_CHECKING:
    from tunebench.training.data import TrainingData

CALIBRATION = 128
"""Training segments, at most, that int8 is calibrated on."""

BATCH = 32


def export_model(model: str, format: str, out: Path) -> Path:
    """Export a model, and where its search and its data are at hand, measure its accuracy on validation.

    Args:
        model: a search's name, a bundle's folder, or a `models:/` address.
        format: a name of `export.forms.FORMS`, or `mlflow`.
        out: a folder that does not exist, or is empty.

    Returns:
        The exported model.

    Raises:
        InputError: there is no such model or format, or `out` is in use.
        ParityError: the export answers otherwise than the trained model.
        SearchError: it cannot be converted.
        StorageError: `out` cannot be written.
    """
    bundle_dir = find_bundle(model)
    if format == "mlflow":
        from tunebench.tracking.pyfunc import export_pyfunc

        return export_pyfunc(bundle_dir, out)
    import_tensorflow()
    found = _data_of(bundle_dir)
    if found is None:
        return export(bundle_dir, format, out)
    data, predictions = found
    return export(
        bundle_dir,
        format,
        out,
        calibration=_calibration(data) if format == "litert-int8" else NO_CALIBRATION,
        judge=lambda ask: _judge(ask, data, predictions),
    )


def _data_of(bundle_dir: Path) -> tuple[TrainingData, Predictions] | None:
    """What the model of a search's folder was trained on; None where it is not at hand, or a table."""
    folder = _search_of(bundle_dir)
    if folder is None or layout.read(bundle_dir).input != "waveform":
        return None
    try:
        data = prepare_data(space.load(folder.space).data)
    except (DataError, InputError):  # moved or removed since
        return None
    return data, from_csv(folder.predictions.read_text(encoding="utf-8"), str(folder.predictions))


def _search_of(bundle_dir: Path) -> SearchFolder | None:
    folder = search_folder(bundle_dir.resolve().parent.name)
    is_its_winner = folder.winner.exists() and folder.winner.resolve() == bundle_dir.resolve()
    return folder if is_its_winner and folder.predictions.exists() else None


def _calibration(data: TrainingData) -> NDArray[np.float32]:
    chosen = data.split.train
    some = chosen[np.linspace(0, len(chosen) - 1, min(CALIBRATION, len(chosen))).astype(int)]
    return _waveforms(data, some)


def _waveforms(data: TrainingData, indices: NDArray[np.integer]) -> NDArray[np.float32]:
    return (gather(data.corpus, data.segments, indices) / FULL_SCALE).astype(np.float32)


def _judge(ask: Asked, data: TrainingData, predictions: Predictions) -> Mapping[str, float]:
    """Accuracy by track on validation, and by how much it differs from the trained model's."""
    indices = data.split.validation
    said = np.concatenate(
        [ask(_waveforms(data, indices[first : first + BATCH])) for first in range(0, len(indices), BATCH)]
    )
    voted, tracks = vote(said, data.segments.track[indices])
    right = np.mean(voted.argmax(axis=1) == data.corpus.labels[tracks])
    before = predictions.on("validation")
    trained = np.mean([predictions.predicted(track) == track.label for track in before])
    return {"accuracy": float(right), "accuracy_change": float(right - trained)}
