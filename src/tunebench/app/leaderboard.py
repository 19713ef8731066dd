"""The leaderboard of a search, read from its journal."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunebench import space
from tunebench.app.folder import existing_folder
from tunebench.app.session import last_summary
from tunebench.catalog.spec import Values
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


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Configurations by score; `tuned` are the parameters that differ between them."""

    objective: str
    leakage: str
    tuned: tuple[str, ...]
    rows: list[Row]
    winner: str | None


def trial_rows(name: str) -> list[dict[str, Any]]:
    """All trials of a search, as in trials.csv; MLflow's run ids as far as they stand there."""
    folder = existing_folder(name)
    run_ids = {}
    if folder.trials.exists():
        with folder.trials.open(newline="", encoding="utf-8") as file:
            run_ids = {row["configuration"]: row["run_id"] for row in csv.DictReader(file)}
    return rows(rebuild(read(folder.journal)), run_ids)


def leaderboard(name: str) -> Leaderboard:
    """The best trial of each configuration of a search, best first.

    Raises:
        InputError: there is no search of this name.
    """
    folder = existing_folder(name)
    experiment = space.load(folder.space)
    records = rebuild(events := list(read(folder.journal)))
    board = [
        Row(record.request.configuration, record.result.score, record.result.epochs_to, record.request.values)
        for record in records.leaderboard(experiment.search.objective)
        if record.result is not None and record.result.score is not None
    ]
    header: Mapping[str, Any] = next((e for e in events if e["event"] == "search"), {})
    summary = last_summary(folder)
    return Leaderboard(
        objective=experiment.search.objective,
        leakage=header.get("leakage", "unknown"),
        tuned=experiment.space.tuned(),
        rows=board,
        winner=summary["winner"]["configuration"] if summary else None,
    )
