"""Choosing the winner on validation alone: finalists, repeats, and the median repeat of the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tunebench.catalog.spec import Values
from tunebench.search.records import Records, TrialRecord
from tunebench.seeding import child_seed
from tunebench.trial import TrialRequest, direction


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation over repeats."""

    mean: float
    std: float
    repeats: int


@dataclass(frozen=True, slots=True)
class Finalist:
    """A finalist with what its repeats gave; `representative` is the repeat of median score."""

    configuration: str
    values: Values
    validation: Mapping[str, Spread]
    score: float
    representative: TrialRequest


def repeat_requests(
    records: Records, *, objective: str, finalists: int, repeats: int, epochs: int, seed: int
) -> list[TrialRequest]:
    """The best `finalists` configurations, each to be trained anew with `repeats` seeds of its own."""
    chosen = records.leaderboard(objective)[:finalists]
    return [
        TrialRequest(
            trial=f"{record.request.configuration}-r{number}",
            configuration=record.request.configuration,
            values=record.request.values,
            epochs_from=0,
            epochs_to=epochs,
            seed=child_seed(seed, "repeat", record.request.configuration, number),
            checkpoint=f"{record.request.configuration}-r{number}",
            kind="repeat",
        )
        for record in chosen
        for number in range(repeats)
    ]


def rank(repeats: Mapping[str, TrialRecord], objective: str) -> list[Finalist]:
    """Finalists by their mean score, best first; those none of whose repeats came to an end are left out."""
    by_configuration: dict[str, list[TrialRecord]] = {}
    for record in repeats.values():
        if record.result is not None and record.result.score is not None:
            by_configuration.setdefault(record.request.configuration, []).append(record)
    finalists = [_finalist(records) for records in by_configuration.values()]
    sign = 1 if direction(objective) == "min" else -1
    return sorted(finalists, key=lambda finalist: (sign * finalist.score, finalist.configuration))


def _finalist(records: Sequence[TrialRecord]) -> Finalist:
    results = [record.result for record in records if record.result is not None]
    scores = [result.score for result in results if result.score is not None]
    in_order = sorted(range(len(scores)), key=lambda i: (scores[i], records[i].request.trial))
    metrics = {
        name: np.array([result.metrics[name] for result in results])
        for name in results[0].metrics
        if name.startswith("val_")
    }
    return Finalist(
        configuration=records[0].request.configuration,
        values=records[0].request.values,
        validation={
            name: Spread(float(v.mean()), float(v.std(ddof=1)) if len(v) > 1 else 0.0, len(v))
            for name, v in metrics.items()
        },
        score=float(np.mean(scores)),
        representative=records[in_order[(len(in_order) - 1) // 2]].request,
    )
