"""The leaderboard of a search, read from its journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunebench import space
from tunebench.app.folder import existing_folder
from tunebench.app.session import finished_summary
from tunebench.search.journal import read
from tunebench.search.records import rebuild
from tunebench.search.table import rows
from tunebench.trial import Values


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
    """All trials of a search, as in trials.csv."""
    return rows(rebuild(read(existing_folder(name).journal)))


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
    summary = finished_summary(folder)
    return Leaderboard(
        objective=experiment.search.objective,
        leakage=header.get("leakage", "unknown"),
        tuned=experiment.space.tuned(),
        rows=board,
        winner=summary["winner"]["configuration"] if summary else None,
    )
