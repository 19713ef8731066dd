"""From the trials to the winner: repeats, one test, the exported bundle, figures."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebench import paths
from tunebench.app.folder import write_atomically
from tunebench.app.session import Session
from tunebench.audio.track import Side
from tunebench.catalog.feasibility import source_of
from tunebench.errors import SearchError
from tunebench.evaluation.figures import draw_confusion, draw_curves
from tunebench.evaluation.panels import draw_parameters
from tunebench.evaluation.predictions import Predictions, TrackPrediction, track_predictions
from tunebench.evaluation.study import importances, write_study
from tunebench.evaluation.study_figures import pictures
from tunebench.evaluation.test_side import Evaluation, count_read, evaluate_side
from tunebench.evaluation.winner import Finalist, rank, repeat_requests
from tunebench.export import bundle
from tunebench.export.examples import Examples
from tunebench.search.loop import Loop
from tunebench.seeding import child_seed
from tunebench.space import Experiment
from tunebench.training.checkpoint import keep_only
from tunebench.training.data import TrainingData
from tunebench.training.pipeline import Batches
from tunebench.training.trainer import Trainer

EXAMPLES = 8
"""Validation waveforms that the export is checked on."""


@dataclass(frozen=True, slots=True)
class Winner:
    """The finalist that was chosen, what the test said, and where the model stands.

    `test` is None where the split keeps no test side.
    """

    finalist: Finalist
    finalists: list[Finalist]
    test: Mapping[str, Any] | None
    bundle: Path
    figures: list[Path]
    importances: Mapping[str, float]
    """Share of the score's variance by parameter; empty after too few configurations."""


def choose_winner(
    experiment: Experiment, data: TrainingData, session: Session, loop: Loop, trainer: Trainer
) -> Winner:
    """Retrain the finalists, choose on validation, test once, export and check the export.

    Raises:
        SearchError: nothing was trained to an end, or the exported model differs from the trained one.
    """
    search, settings = experiment.search, experiment.winner
    requests = repeat_requests(
        loop.records,
        objective=search.objective,
        finalists=settings.finalists,
        repeats=settings.repeats,
        epochs=search.max_epochs,
        seed=search.seed,
    )
    loop.repeats(requests)
    loop.release()
    asked = {request.trial: loop.records.repeats[request.trial] for request in requests}
    finalists = rank(asked, search.objective)
    if not finalists:
        last = next((r.result.message for r in reversed(loop.records.all().values()) if r.result), "")
        raise SearchError(f"no configuration was trained to an end; the last message was: {last}")
    best = finalists[0]
    session.journal.append("winner", configuration=best.configuration, repeat=best.representative.trial)
    figures = [
        draw_curves(
            loop.records, search.objective, best.configuration, session.folder.figures / "curves.png"
        ),
        draw_parameters(
            loop.records,
            experiment.space,
            search.objective,
            session.folder.figures / "parameters.png",
        ),
    ]
    test = _test_once(experiment, data, session, trainer, best, figures)
    _export(data, session, trainer, best, experiment)
    kept = loop.continuable | {finalist.representative.checkpoint for finalist in finalists}
    keep_only(session.folder.checkpoints, kept)
    shares = _what_mattered(experiment, session, loop, figures)
    return Winner(best, finalists, test, session.folder.winner, figures, shares)


def _what_mattered(
    experiment: Experiment, session: Session, loop: Loop, figures: list[Path]
) -> Mapping[str, float]:
    """Importances, the Optuna study and its pictures: worth having, and not worth losing a result for."""
    space, objective, folder = experiment.space, experiment.search.objective, session.folder
    shares: Mapping[str, float] = {}
    try:
        write_study(loop.records, space, objective, experiment.name, folder.study)
        shares = importances(loop.records, space, objective)
    except Exception as error:  # whatever Optuna or SQLite meets
        warnings.warn(f"no importances or study of this search: {error}", stacklevel=2)
    for name, draw in pictures(loop.records, space, objective, shares, folder.figures).items():
        try:
            picture = draw()
        except Exception as error:  # whatever matplotlib meets
            warnings.warn(f"no picture of the {name} of this search: {error}", stacklevel=2)
        else:
            figures += [picture] if picture else []
    return shares


def _test_once(
    experiment: Experiment,
    data: TrainingData,
    session: Session,
    trainer: Trainer,
    best: Finalist,
    figures: list[Path],
) -> Mapping[str, Any] | None:
    picture = session.folder.figures / "confusion.png"
    done = session.find("test")
    model = best.representative.trial
    if done is not None and done["repeat"] == model:  # an earlier session read it, and was stopped after
        figures.append(picture)
        return done["figures"]
    trained = trainer.best_model(best.representative)

    def predict(indices: NDArray[np.integer]) -> tuple[Batches, NDArray[np.float32]]:
        side = trainer.side(best.values, indices)
        return side, trained.predict(side)

    side, probabilities = predict(data.split.validation)
    validation = _tracks("validation", side, probabilities, data)
    if not len(data.split.test):
        _keep(session, Predictions(data.corpus.classes, tuple(validation)))
        return None
    reads = count_read(paths.home() / ".tunebench" / "test_reads.jsonl", data.split.hash, experiment.name)
    side, probabilities = predict(data.split.test)
    said = [*validation, *_tracks("test", side, probabilities, data)]
    _keep(session, Predictions(data.corpus.classes, tuple(said)))
    evaluation = evaluate_side(
        probabilities,
        side.labels,
        side.tracks,
        data.split.groups,
        data.corpus.classes,
        seed=child_seed(experiment.search.seed, "bootstrap"),
    )
    title = f"{experiment.name}: test tracks, leakage {data.split.leakage}"
    figures.append(draw_confusion(evaluation.confusion, data.corpus.classes, title, picture))
    found = _test_fields(evaluation, data.split.hash, reads)
    session.journal.append("test", repeat=model, figures=found)
    return found


def _tracks(
    name: Side, side: Batches, probabilities: NDArray[np.float32], data: TrainingData
) -> list[TrackPrediction]:
    tracks = [stored.track for stored in data.corpus.tracks]
    return track_predictions(
        name, probabilities, side.labels, side.tracks, paths=[track.path for track in tracks],
        groups=[track.group or "" for track in tracks], classes=data.corpus.classes,
    )  # fmt: skip


def _keep(session: Session, predictions: Predictions) -> None:
    write_atomically(session.folder.predictions, predictions.to_csv())


def _test_fields(evaluation: Evaluation, split_hash: str, reads: int) -> dict[str, Any]:
    return {
        "segment": {name: asdict(interval) for name, interval in evaluation.segment.items()},
        "track": {name: asdict(interval) for name, interval in evaluation.track.items()},
        "classes": [asdict(row) for row in evaluation.classes],
        "confusion": evaluation.confusion.tolist(),
        "split_hash": split_hash,
        "reads": reads,
    }


def _export(
    data: TrainingData, session: Session, trainer: Trainer, best: Finalist, experiment: Experiment
) -> None:
    trained = trainer.best_model(best.representative)
    chosen = data.split.validation
    examples = chosen[np.linspace(0, len(chosen) - 1, min(EXAMPLES, len(chosen))).astype(int)]
    source = source_of(best.values)
    bundle.write(
        session.folder.winner,
        model=trained,
        structure=trainer.structure(best.values),
        values=best.values,
        signal=data.signal,
        classes=data.corpus.classes,
        segment_hop_s=experiment.data.segment.hop,
        info={
            "name": experiment.name,
            "configuration": best.configuration,
            "repeat": best.representative.trial,
            "leakage": data.split.leakage,
            "split_hash": data.split.hash,
        },
        examples=Examples(
            None if source == "table" else data.read(examples, "waveform"),
            None if source == "waveform" else data.read(examples, source),
        ),
        columns=() if source == "waveform" else data.vectors.columns,
        scaling=trainer.scaling,
    )
