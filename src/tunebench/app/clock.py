"""Where the time of a search went, as its journal tells it over all its sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tunebench.search.records import Records

_TRIAL_PHASES = ("build", "train", "evaluate", "checkpoint")


def wall_s(events: Iterable[Mapping[str, Any]]) -> float:
    """Seconds of all sessions, each from its first event to its last, and the preparation before it."""
    total, begun, last = 0.0, None, 0.0
    for event in events:
        if event["event"] == "session":
            total += last - begun if begun is not None else 0.0
            begun = event["at"]
        elif event["event"] == "phase" and event["name"] == "prepare":
            total += event["seconds"]  # the session's event is written when the data stands
        last = event["at"]
    return total + last - begun if begun is not None else 0.0


def phases(events: Iterable[Mapping[str, Any]], records: Records) -> dict[str, float]:
    """Seconds by phase: those of ended trials and repeats, preparation, tracking, and the rest."""
    events = list(events)
    results = [record.result for record in records.all().values() if record.result]
    seconds = {f"{name}_s": 0.0 for name in ("prepare", *_TRIAL_PHASES, "tracking")}
    for event in events:
        if event["event"] == "phase":
            seconds[f"{event['name']}_s"] += event["seconds"]
    for name in _TRIAL_PHASES:
        seconds[f"{name}_s"] += sum(result.seconds.get(name, 0.0) for result in results)
    seconds["other_s"] = max(0.0, wall_s(events) - sum(seconds.values()))
    return {name: round(value, 2) for name, value in seconds.items()}
