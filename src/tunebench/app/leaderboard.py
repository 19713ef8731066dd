"""The leaderboard of a search, read from its journal."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunebench import space
from tunebench.app.folder import existing_folder
from tunebench.app.session import last_summary
from tunebench.catalog.feasibility import TABLES
from tunebench.catalog.spec import Values
from tunebench.evaluation.pareto import Candidate, candidates, front
from tunebench.search.journal import read
from tunebench.search.records import rebuild
from tunebench.search.table import rows


@dataclass(frozen=True, slots=True)
class Row:
    """The best trial of one configuration."""

    configuration: str
    score: float
    epochs: int
    values: Values
    cost: Candidate | None
    """None where it was not measured."""
    on_front: bool
    """Whether no other is as good in score, latency and size, and better in one."""


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Configurations by score; `tuned` are the parameters that differ between them."""

    objective: str
    leakage: str
    tuned: tuple[str, ...]
    rows: list[Row]
    winner: str | None


def trial_rows(name: str) -> list[dict[str, Any]]:
    """All trials of a search, as in trials.csv; MLflow's run ids as far as they stand there.

    `pareto` says whether the trial's configuration is on the front of score, latency and size.
    """
    folder = existing_folder(name)
    run_ids = {}
    if folder.trials.exists():
        with folder.trials.open(newline="", encoding="utf-8") as file:
            run_ids = {row["configuration"]: row["run_id"] for row in csv.DictReader(file)}
    records, objective = rebuild(read(folder.journal)), space.load(folder.space).search.objective
    best = {row.configuration for row in front(candidates(records, objective), objective)}
    return [row | {"pareto": row["configuration"] in best} for row in rows(records, run_ids)]


def leaderboard(name: str) -> Leaderboard:
    """The best trial of each configuration of a search, best first.

    Raises:
        InputError: there is no search of this name.
    """
    folder = existing_folder(name)
    experiment = space.load(folder.space)
    records = rebuild(events := list(read(folder.journal)))
    objective = experiment.search.objective
    costs = {row.configuration: row for row in candidates(records, objective)}
    best = {row.configuration for row in front(list(costs.values()), objective)}
    board = [
        Row(
            configuration=(name := record.request.configuration),
            score=record.result.score,
            epochs=record.result.epochs_to,
            values=record.request.values,
            cost=costs.get(name),
            on_front=name in best,
        )
        for record in records.leaderboard(objective)
        if record.result is not None and record.result.score is not None
    ]
    header: Mapping[str, Any] = next((e for e in events if e["event"] == "search"), {})
    summary = last_summary(folder)
    return Leaderboard(
        objective=objective,
        leakage=header.get("leakage", "unknown"),
        tuned=experiment.space.tuned(),
        rows=board,
        winner=summary["winner"]["configuration"] if summary else None,
    )


def short_value(path: str, value: object) -> str:
    """`mel` for the choice of a front-end, `n_fft 1024` for a parameter of it."""
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return text if path in TABLES else f"{path.rpartition('.')[2]} {text}"
