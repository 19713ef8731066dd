"""The winner's temperature, found on validation, and its one test; both stand in the journal before use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebench import paths
from tunebench.app.folder import write_atomically
from tunebench.app.session import Session
from tunebench.audio.gather import gather
from tunebench.audio.pcm import FULL_SCALE
from tunebench.audio.track import Side
from tunebench.evaluation.calibration_figure import draw_calibration
from tunebench.evaluation.figures import draw_confusion
from tunebench.evaluation.predictions import Predictions, TrackPrediction, track_predictions
from tunebench.evaluation.test_side import Evaluation, count_read, evaluate_side
from tunebench.evaluation.winner import Finalist
from tunebench.metrics.calibration import at_temperature, fit_temperature, reliability
from tunebench.metrics.drift import reference
from tunebench.seeding import child_seed
from tunebench.space import Experiment
from tunebench.training.data import TrainingData
from tunebench.training.models import EstimatorModel, NetModel
from tunebench.training.pipeline import Batches
from tunebench.training.trainer import Trainer

REFERENCE = 512
"""Validation segments, at most, that a service compares what it hears with."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of it. `test` is None where the split keeps no test side."""

    temperature: float
    calibration: Mapping[str, Any]
    test: Mapping[str, Any] | None
    figures: list[Path]
    reference: Mapping[str, list[int]]
    """What the model heard and said on validation (see `metrics.drift`); empty of a table."""


def examine(
    experiment: Experiment,
    data: TrainingData,
    session: Session,
    trainer: Trainer,
    best: Finalist,
    trained: NetModel | EstimatorModel,
) -> Examined:
    """Find the temperature on validation, then read the test side once, at that temperature.

    What an earlier session found of the same model stands.

    Raises:
        StorageError: the ledger, the journal or a figure cannot be written.
    """
    folder, model = session.folder, best.representative.trial
    confusion, curve = folder.figures / "confusion.png", folder.figures / "calibration.png"
    done = session.find("test")
    if done is not None and done["repeat"] == model and done.get("calibration"):
        figures = [confusion, curve] if done["figures"] else [curve]
        temperature, kept = done["calibration"]["temperature"], done.get("reference", {})
        return Examined(temperature, done["calibration"], done["figures"], figures, kept)

    def ask(indices: NDArray[np.integer]) -> tuple[Batches, NDArray[np.float32]]:
        side = trainer.side(best.values, indices)
        return side, trained.predict(side)

    side, said = ask(data.split.validation)
    temperature = fit_temperature(said, side.labels)
    known = _tracks("validation", side, at_temperature(said, temperature), data)
    usual = _usual(data, at_temperature(said, temperature))
    name, found, figures = "validation", None, []
    if len(data.split.test):
        reads = count_read(paths.home() / ".tunebench" / "test_reads.jsonl", data.split.hash, experiment.name)
        name = "test"
        side, said = ask(data.split.test)
        probabilities = at_temperature(said, temperature)
        known += _tracks("test", side, probabilities, data)
        evaluation = evaluate_side(
            probabilities, side.labels, side.tracks, data.split.groups, data.corpus.classes,
            seed=child_seed(experiment.search.seed, "bootstrap"),
        )  # fmt: skip
        title = f"{experiment.name}: test tracks, leakage {data.split.leakage}"
        figures.append(draw_confusion(evaluation.confusion, data.corpus.classes, title, confusion))
        found = _test_fields(evaluation, data.split.hash, reads)
    before, after = (
        reliability(probabilities, side.labels) for probabilities in (said, at_temperature(said, temperature))
    )
    figures.append(draw_calibration(before, after, temperature, name, curve))
    calibration = {"temperature": temperature, "side": name, "before": asdict(before), "after": asdict(after)}
    write_atomically(folder.predictions, Predictions(data.corpus.classes, tuple(known)).to_csv())
    session.journal.append("test", repeat=model, figures=found, calibration=calibration, reference=usual)
    return Examined(temperature, calibration, found, figures, usual)


def _usual(data: TrainingData, probabilities: NDArray[np.float32]) -> dict[str, list[int]]:
    """Of validation segments, all or some hundreds: the model did not learn them."""
    if data.corpus.is_table:
        return {}
    indices = data.split.validation
    some = np.linspace(0, len(indices) - 1, min(REFERENCE, len(indices))).astype(int)
    waveforms = gather(data.corpus, data.segments, indices[some]) / np.float32(FULL_SCALE)
    return reference(waveforms, probabilities[some])


def _tracks(
    name: Side, side: Batches, probabilities: NDArray[np.float32], data: TrainingData
) -> list[TrackPrediction]:
    tracks = [stored.track for stored in data.corpus.tracks]
    return track_predictions(
        name, probabilities, side.labels, side.tracks, paths=[track.path for track in tracks],
        groups=[track.group or "" for track in tracks], classes=data.corpus.classes,
    )  # fmt: skip


def _test_fields(evaluation: Evaluation, split_hash: str, reads: int) -> dict[str, Any]:
    return {
        "segment": {name: asdict(interval) for name, interval in evaluation.segment.items()},
        "track": {name: asdict(interval) for name, interval in evaluation.track.items()},
        "classes": [asdict(row) for row in evaluation.classes],
        "confusion": evaluation.confusion.tolist(),
        "split_hash": split_hash,
        "reads": reads,
    }
