"""The state of a search, rebuilt from its journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tunebench.trial import Cost, EpochRecord, Status, TrialRequest, TrialResult, better, direction


@dataclass(slots=True)
class TrialRecord:
    """One trial as far as it is known."""

    request: TrialRequest
    attempts: int = 0
    epochs: dict[int, EpochRecord] = field(default_factory=dict)
    result: TrialResult | None = None
    lost: int = 0
    """Attempts since the last epoch that ended with their process."""
    lost_reason: str = ""


@dataclass(slots=True)
class Records:
    """Trials and repeats by name, in the order they were asked for."""

    trials: dict[str, TrialRecord] = field(default_factory=dict)
    repeats: dict[str, TrialRecord] = field(default_factory=dict)
    exported: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Latency (ms) and size (MB) of exported forms, by net and front-end, of a search with a target."""

    def of(self, request: TrialRequest) -> dict[str, TrialRecord]:
        """The table that a request belongs to."""
        return self.repeats if request.kind == "repeat" else self.trials

    def find(self, trial: str) -> TrialRecord:
        """The trial or repeat of this name."""
        return self.trials[trial] if trial in self.trials else self.repeats[trial]

    def all(self) -> dict[str, TrialRecord]:
        """Trials and repeats together; their names differ."""
        return self.trials | self.repeats

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take one event of the journal; those that are not about a trial are passed over."""
        match event["event"]:
            case "ask":
                request = TrialRequest(**event["request"])
                self.of(request)[request.trial] = TrialRecord(request)
            case "start":
                record = self.find(event["trial"])
                record.attempts = event["attempt"]
                record.lost += not event.get(
                    "isolated", True
                )  # a driver that dies takes its own trial's word with it
            case "epoch":
                record = self.find(event["trial"])
                record.epochs[event["epoch"]] = EpochRecord(event["epoch"], event["metrics"])
                record.lost = 0
            case "result":
                said = dict(event["result"])
                said["status"] = Status(said["status"])
                said["cost"] = Cost(**said["cost"]) if said.get("cost") else None
                self.find(said["trial"]).result = TrialResult(**said)
            case "lost":
                record = self.find(event["trial"])
                record.lost += 1
                record.lost_reason = event["reason"]
            case "target":  # of the exported form; null where it could not be made
                if event["latency_ms"] is not None:
                    self.exported[event["key"]] = (event["latency_ms"], event["size_mb"])
            case "end":  # stopped on purpose: no trial is to blame
                for record in self.all().values():
                    record.lost = 0
            case _:
                pass

    def costs(self) -> dict[str, Cost]:
        """What each configuration costs, as far as it was measured."""
        ended = [record for record in self.trials.values() if record.result is not None]
        return {r.request.configuration: r.result.cost for r in ended if r.result and r.result.cost}

    def leaderboard(self, objective: str) -> list[TrialRecord]:
        """The best trial of each configuration that has a score, best first; ties to the longer trained."""
        best: dict[str, tuple[float, TrialResult, TrialRecord]] = {}
        for record in self.trials.values():
            result = record.result
            if result is None or result.score is None:
                continue
            held = best.get(record.request.configuration)
            if held is None or not better(objective, held[0], result.score):
                best[record.request.configuration] = (result.score, result, record)
        sign = 1 if direction(objective) == "min" else -1
        ranked = [
            (sign * score, -result.epochs_to, configuration, record)
            for configuration, (score, result, record) in best.items()
        ]
        return [record for *_, record in sorted(ranked, key=lambda row: row[:3])]


def rebuild(events: Iterable[Mapping[str, Any]]) -> Records:
    """Replay a journal."""
    records = Records()
    for event in events:
        records.apply(event)
    return records


def request_fields(request: TrialRequest) -> dict[str, Any]:
    """A request as the journal holds it; which attempt it is stands in the start events."""
    return {f.name: getattr(request, f.name) for f in fields(request) if f.name != "attempt"}
