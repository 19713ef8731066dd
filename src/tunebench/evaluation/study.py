"""What of the space mattered: importances, and the whole search as an Optuna study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances

from tunebench.catalog.spec import Values
from tunebench.errors import StorageError
from tunebench.search.optuna_space import as_trial, new_study
from tunebench.search.records import Records
from tunebench.space import Space
from tunebench.trial import better, direction

FEWEST = 10
"""Configurations below which importances are not worth showing."""


@dataclass(slots=True)
class Curve:
    """A configuration and its scores by epoch."""

    values: Values
    scores: dict[int, float] = field(default_factory=dict[int, float])

    def best(self, objective: str, epochs: int | None = None) -> float | None:
        """The best score by the end of so many epochs, or None where there is none yet.

        An estimator has a score on the share of data that it was fitted on, and on no smaller one.
        """
        found: float | None = None
        for epoch, score in self.scores.items():
            if (epochs is None or epoch <= epochs) and better(objective, score, found):
                found = score
        return found


def curves_of(records: Records, objective: str) -> dict[str, Curve]:
    """All configurations that were trained for an epoch at least."""
    found: dict[str, Curve] = {}
    for record in records.trials.values():
        curve = found.setdefault(record.request.configuration, Curve(record.request.values))
        curve.scores.update({epoch: r.metrics[objective] for epoch, r in record.epochs.items()})
    return {name: curve for name, curve in found.items() if curve.scores}


@dataclass(frozen=True, slots=True)
class Point:
    """A configuration and its score after as many epochs as the others it is compared with."""

    configuration: str
    values: Values
    score: float


def comparable(records: Records, objective: str) -> tuple[list[Point], int]:
    """Configurations that reached the most epochs that enough did, their scores by then, and that number.

    Enough are half of them, or `FEWEST` if that is more.
    """
    curves = curves_of(records, objective)
    reached = sorted((max(curve.scores) for curve in curves.values()), reverse=True)
    if not reached:
        return [], 0
    epochs = reached[min(max(FEWEST, len(reached) // 2), len(reached)) - 1]
    return [
        Point(name, curve.values, score)
        for name, curve in curves.items()
        if max(curve.scores) >= epochs and (score := curve.best(objective, epochs)) is not None
    ], epochs


def importances(records: Records, space: Space, objective: str) -> dict[str, float]:
    """Share of the score's variance that each tuned parameter explains (fANOVA, Hutter et al. 2014).

    Scores are those after the most epochs that half of the configurations reached, so that one trained longer
    is not taken for a better one. A parameter that exists under an option alone is judged among the
    configurations of that option. What fewer than `FEWEST` configurations had is left out.
    """
    compared, _ = comparable(records, objective)
    tuned = [path for path, _ in space.paths() if path in space.tuned()]
    groups: dict[frozenset[int], list[str]] = {}
    for path in tuned:
        having = frozenset(number for number, point in enumerate(compared) if path in point.values)
        groups.setdefault(having, []).append(path)
    found: dict[str, float] = {}
    for having, paths in groups.items():
        if len(having) >= FEWEST:
            rows = [(compared[n].values, compared[n].score) for n in sorted(having)]
            shares = _fanova(space, rows, objective)
            found |= {path: float(shares[path]) for path in paths if path in shares}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def write_study(records: Records, space: Space, objective: str, name: str, path: Path) -> Path:
    """The search as an SQLite file that Optuna and its dashboard open: one trial a configuration.

    Raises:
        StorageError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        storage = optuna.storages.RDBStorage(f"sqlite:///{partial}")
        study = new_study(direction(objective), study_name=name, storage=storage)
        study.add_trials(
            as_trial(space, curve.values, curve.best(objective), curve.scores)
            for curve in curves_of(records, objective).values()
        )
        storage.engine.dispose()
        partial.replace(path)
    except (OSError, optuna.exceptions.StorageInternalError) as error:
        raise StorageError(
            f"{path}: cannot be written ({error}). Free some space, then run the same command again."
        ) from error
    return path


def _fanova(space: Space, rows: Iterable[tuple[Values, float]], objective: str) -> Mapping[str, float]:
    study = new_study(direction(objective))
    study.add_trials([as_trial(space, values, score) for values, score in rows])
    if len({trial.value for trial in study.trials}) < 2:
        return {}
    return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
