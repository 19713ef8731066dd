"""summary.json: what came of a search, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Literal

import tunebench
from tunebench.app.choose import Winner
from tunebench.app.clock import phases, wall_s
from tunebench.app.describe import describe_data
from tunebench.app.session import versions
from tunebench.evaluation.pareto import candidates, front
from tunebench.search.records import Records
from tunebench.space import Experiment
from tunebench.training.data import TrainingData
from tunebench.trial import Status


def summarise(
    experiment: Experiment,
    data: TrainingData,
    records: Records,
    events: Iterable[Mapping[str, Any]],
    winner: Winner,
    *,
    status: Literal["completed", "cut"],
    ended_by: str | None,
    infeasible: int,
) -> dict[str, Any]:
    """The summary of a search, `cut` by --max-trials or not; the model's address is filled in later."""
    events = list(events)
    return {
        "name": experiment.name,
        "version": tunebench.__version__,
        "status": status,
        "seed": experiment.search.seed,
        "data": describe_data(experiment, data),
        "search": _describe_search(experiment, records, infeasible)
        | {
            "importances": dict(winner.importances),
            "ended_by": ended_by,
            "warm_start": next((e["sources"] for e in events if e["event"] == "warm_start"), []),
            "wall_s": round(wall_s(events), 2),
            "phases": phases(events, records),
        },
        "winner": _describe_winner(winner, data),
        "versions": versions(),
    }


def _describe_search(experiment: Experiment, records: Records, infeasible: int) -> dict[str, Any]:
    results = [record.result for record in records.trials.values() if record.result]
    objective = experiment.search.objective
    return {
        "algorithm": experiment.search.algorithm,
        "objective": objective,
        "max_hours": experiment.search.max_hours,
        "target": experiment.search.target,
        "configurations": len({record.request.configuration for record in records.trials.values()}),
        "trials": len(results),
        "failed": sum(result.status is Status.FAILED for result in results),
        "infeasible": infeasible,
        "epochs": sum(
            max(0, record.result.epochs_to - record.request.epochs_from)
            for record in records.trials.values()
            if record.result
        ),
        "structures": len({result.structure for result in results}),
        "pareto": [asdict(row) for row in front(candidates(records, objective), objective)],
    }


def _describe_winner(winner: Winner, data: TrainingData) -> dict[str, Any]:
    test = winner.test
    fields: dict[str, Any] = {
        "configuration": winner.finalist.configuration,
        "values": dict(winner.finalist.values),
        "validation": {name: asdict(spread) for name, spread in winner.finalist.validation.items()},
        "finalists": [
            {"configuration": f.configuration, "score": f.score, "repeats": len(f.validation) and next(
                iter(f.validation.values())).repeats}
            for f in winner.finalists
        ],
        "leakage": data.split.leakage,
        "test": None,
        "test_reads": 0,
        "calibration": dict(winner.calibration),
        "model": None,
        "registry": None,
        "bundle": winner.bundle.name,
    }  # fmt: skip
    if test is not None:
        fields["test"] = {key: test[key] for key in ("segment", "track", "classes", "confusion")}
        fields["test_reads"] = test["reads"]
    return fields
