"""Configurations that no other beats in score, latency and size together."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunebench.catalog.structure import step_key
from tunebench.search.records import Records
from tunebench.trial import direction


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best trial of a configuration, and what the configuration costs.

    `latency_ms` is the median of all that share its net and its front-end, to two digits: they differ by
    what else the machine did, and a measurement is not better than that.
    """

    configuration: str
    score: float
    latency_ms: float
    size_mb: float


def candidates(records: Records, objective: str) -> list[Candidate]:
    """Configurations with a score and a measured cost, as on the leaderboard.

    A score counts whatever the epochs it was reached after: the front is what the search has, and a
    configuration that was not promoted may have had more in it.
    """
    costs = records.costs()
    latencies: dict[str, list[float]] = {}
    keys: dict[str, str] = {}
    board = records.leaderboard(objective)
    for record in board:
        request, result = record.request, record.result
        if result is not None and request.configuration in costs:
            keys[request.configuration] = key = step_key(result.structure, request.values)
            latencies.setdefault(key, []).append(costs[request.configuration].latency_ms)
    return [
        Candidate(
            configuration,
            record.result.score,
            *_cost(records, keys[configuration], latencies, costs[configuration].size_mb),
        )
        for record in board
        if (configuration := record.request.configuration) in keys
        and record.result is not None
        and record.result.score is not None
    ]


def _cost(
    records: Records, key: str, latencies: Mapping[str, Sequence[float]], size_mb: float
) -> tuple[float, float]:
    """Latency and size: of the exported form, where the search has a target, or else of the trained net."""
    latency_ms, size_mb = records.exported.get(key, (statistics.median(latencies[key]), size_mb))
    return float(f"{latency_ms:.2g}"), size_mb


def front(found: list[Candidate], objective: str) -> list[Candidate]:
    """Those that no other is as good as in score, latency and size, and better than in one; fastest first."""
    sign = 1 if direction(objective) == "min" else -1

    def costs(candidate: Candidate) -> tuple[float, float, float]:
        return (sign * candidate.score, candidate.latency_ms, candidate.size_mb)

    def beaten(candidate: Candidate) -> bool:
        mine = costs(candidate)
        return any(
            theirs != mine and all(b <= a for a, b in zip(mine, theirs, strict=True))
            for theirs in map(costs, found)
        )

    kept = [candidate for candidate in found if not beaten(candidate)]
    return sorted(kept, key=lambda c: (c.latency_ms, c.size_mb, c.configuration))
