"""trials.csv: one row per trial."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from tunebench.search.records import Records, TrialRecord
from tunebench.trial import Cost

_FIXED = (
    "trial", "configuration", "bracket", "rung", "status", "epochs_from", "epochs_to", "attempt", "score",
    "best_epoch",
)  # fmt: skip
_RUN = ("structure", "micro_batched", "worker", "host", "started_at", "run_id", "message")
_COST = ("parameters", "size_mb", "latency_ms")
"""Of the configuration, in every row of it; empty in searches that did not measure it."""
UNSTABLE = ("attempt", "worker", "host", "started_at", "run_id", "latency_ms")
"""Columns that may differ between an undisturbed and a resumed search, as may all `seconds_*`."""


def rows(records: Records, run_ids: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The ended trials in the order of their names; `run_ids` maps configurations to MLflow runs."""
    ended = [record for _, record in sorted(records.trials.items()) if record.result]
    costs = records.costs()
    return [_row(record, costs.get(record.request.configuration), run_ids or {}) for record in ended]


def to_csv(table: list[dict[str, Any]]) -> str:
    """The rows under the union of their columns, in the order that design.md gives them."""
    seen = dict.fromkeys(column for row in table for column in row)
    fixed, run = list(_FIXED), list(_RUN)
    others = {*fixed, *run, *_COST}
    metrics = [c for c in seen if c not in others and not c.startswith(("p.", "seconds_"))]
    parameters = [c for c in seen if c.startswith("p.")]
    seconds = [c for c in seen if c.startswith("seconds_")]
    columns = [*fixed, *metrics, *parameters, *run[:2], *_COST, *seconds, *run[2:]]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def _row(record: TrialRecord, cost: Cost | None, run_ids: Mapping[str, str]) -> dict[str, Any]:
    request, result = record.request, record.result
    assert result is not None
    return {
        "trial": request.trial,
        "configuration": request.configuration,
        "bracket": request.bracket,
        "rung": request.rung,
        "status": result.status.value,
        "epochs_from": request.epochs_from,
        "epochs_to": result.epochs_to,
        "attempt": record.attempts,
        "score": result.score,
        "best_epoch": result.best_epoch,
        **result.metrics,
        **{f"p.{name}": value for name, value in request.values.items()},
        "structure": result.structure,
        "micro_batched": result.micro_batch or "",
        **{name: None if cost is None else getattr(cost, name) for name in _COST},
        **{f"seconds_{phase}": round(value, 3) for phase, value in result.seconds.items()},
        "worker": result.worker,
        "host": result.host,
        "started_at": result.started_at,
        "run_id": run_ids.get(request.configuration, ""),
        "message": result.message,
    }
