"""From the trials to the winner: repeats, one test, the exported bundle, figures."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunebench.app.describe import describe_data
from tunebench.app.final_test import Examined, examine
from tunebench.app.session import Session
from tunebench.audio.gather import gather
from tunebench.catalog.feasibility import source_of
from tunebench.errors import SearchError
from tunebench.evaluation.figures import draw_curves
from tunebench.evaluation.panels import draw_parameters
from tunebench.evaluation.study import importances, write_study
from tunebench.evaluation.study_figures import pictures
from tunebench.evaluation.winner import Finalist, rank, repeat_requests
from tunebench.export import bundle
from tunebench.export.examples import Examples
from tunebench.search.loop import Loop
from tunebench.space import Experiment
from tunebench.training.checkpoint import keep_only
from tunebench.training.data import TrainingData
from tunebench.training.models import EstimatorModel, NetModel
from tunebench.training.trainer import Trainer

EXAMPLES = 8
"""Validation waveforms that the export is checked on."""


@dataclass(frozen=True, slots=True)
class Winner:
    """The finalist that was chosen, what the test said, and where the model stands.

    `test` is None where the split keeps no test side; `calibration` then speaks of validation.
    """

    finalist: Finalist
    finalists: list[Finalist]
    test: Mapping[str, Any] | None
    calibration: Mapping[str, Any]
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
    trained = trainer.best_model(best.representative)
    examined = examine(experiment, data, session, trainer, best, trained)
    figures += examined.figures
    _export(data, session, trainer, best, trained, examined, experiment)
    kept = loop.continuable | {finalist.representative.checkpoint for finalist in finalists}
    keep_only(session.folder.checkpoints, kept)
    shares = _what_mattered(experiment, session, loop, figures)
    return Winner(
        best, finalists, examined.test, examined.calibration, session.folder.winner, figures, shares
    )


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


def _export(
    data: TrainingData,
    session: Session,
    trainer: Trainer,
    best: Finalist,
    trained: NetModel | EstimatorModel,
    examined: Examined,
    experiment: Experiment,
) -> None:
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
            "data": describe_data(experiment, data),
            "objective": experiment.search.objective,
            "validation": {name: asdict(spread) for name, spread in best.validation.items()},
            "test": None if examined.test is None else dict(examined.test),
            "calibration": dict(examined.calibration),
            "reference": dict(examined.reference),
        },
        examples=Examples(
            None if source == "table" else gather(data.corpus, data.segments, examples),
            None if source == "waveform" else data.vectors.values[examples],
        ),
        columns=() if source == "waveform" else data.vectors.columns,
        scaling=trainer.scaling,
        temperature=examined.temperature,
    )
