"""What is asked of a trial, and what it answers: plain data that crosses processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from tunebench.catalog.spec import Values


class Status(StrEnum):
    """How a trial ended. `STOPPED` is early stopping: its score stands."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """Train one configuration from `epochs_from`, where it stopped, to `epochs_to`.

    `checkpoint` is the configuration's folder below the search's own; `seed` belongs to the
    configuration, so that each of its rungs continues the same run.
    """

    trial: str
    configuration: str
    values: Values
    epochs_from: int
    epochs_to: int
    seed: int
    checkpoint: str
    bracket: int = 0
    rung: int = 0
    attempt: int = 1
    kind: Literal["trial", "repeat"] = "trial"


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """The figures of one epoch; `epoch` counts from 1 over the configuration's whole life."""

    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a configuration costs to serve: net and head in float32, and one segment from waveform to answer.

    `latency_ms` is measured on the device that trained it, beside whatever else runs there.
    """

    parameters: int
    size_mb: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What came of a request. `score` is the objective at the best epoch so far, None if it failed.

    `cost` is measured once a configuration, in its first trial.
    """

    trial: str
    status: Status
    epochs_to: int
    score: float | None = None
    best_epoch: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    structure: str = ""
    worker: str = ""
    host: str = ""
    started_at: str = ""
    message: str = ""
    micro_batch: int | None = None
    """Examples that were trained on at once, where a whole batch did not fit the device."""
    cost: Cost | None = None


def direction(objective: str) -> Literal["min", "max"]:
    """Whether an objective is to be small (losses) or large (all else)."""
    return "min" if objective.endswith("loss") else "max"


def better(objective: str, candidate: float, best: float | None) -> bool:
    """Whether `candidate` improves on `best`."""
    if best is None:
        return True
    return candidate < best if direction(objective) == "min" else candidate > best
