"""The MLflow run of one configuration, or of one repeat of a finalist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag

from tunebench.trial import EpochRecord, Status, TrialRequest, TrialResult

RunStatus = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]

MAX_PARAMS = 100
"""MLflow takes no more at once."""


def trial_tags(request: TrialRequest, status: str, structure: str = "") -> dict[str, str]:
    """What changes as a configuration is promoted."""
    tags = {
        "trial": request.trial,
        "rung": str(request.rung),
        "bracket": str(request.bracket),
        "attempt": str(request.attempt),
        "status": status,
    }
    return tags | ({"structure": structure} if structure else {})


class ChildRun:
    """Remembers what its run holds, so that saying a thing twice writes it once."""

    def __init__(self, client: MlflowClient, run: Run, *, created: bool) -> None:
        self._client = client
        self.run_id: str = run.info.run_id
        self._status: str = run.info.status
        self._tags = dict(run.data.tags)
        self._has_params = bool(run.data.params)
        self._created = created
        self._steps: dict[str, set[int]] = {}

    def log_values(self, request: TrialRequest) -> None:
        """The configuration's values, as params: they never change."""
        if self._has_params:
            return
        params = [Param(name, str(value)) for name, value in request.values.items()]
        for first in range(0, len(params), MAX_PARAMS):
            self._client.log_batch(self.run_id, params=params[first : first + MAX_PARAMS])
        self._has_params = True

    def start(self, request: TrialRequest) -> None:
        """A trial of it is under way."""
        self._tag(trial_tags(request, "running"))
        self._set_status("RUNNING")

    def log_epoch(self, record: EpochRecord, at_ms: int) -> None:
        """The figures of one epoch, in one call."""
        self._log_metrics(record.metrics, record.epoch, at_ms)

    def log_score(self, result: TrialResult, at_ms: int) -> None:
        """What the trial came to, at its last epoch, and what its configuration costs, if it was measured."""
        if result.score is None:
            return
        figures = {"score": result.score, "seconds": sum(result.seconds.values())}
        if result.best_epoch is not None:
            figures["best_epoch"] = float(result.best_epoch)
        if result.cost is not None:
            figures |= {"latency_ms": result.cost.latency_ms, "size_mb": result.cost.size_mb}
        self._log_metrics(figures, result.epochs_to, at_ms)

    def finish(self, request: TrialRequest, result: TrialResult) -> None:
        """Its latest trial ended; a promotion makes it run again."""
        said = {"message": result.message} if result.message else {}
        if result.micro_batch is not None:
            said["micro_batched"] = str(result.micro_batch)
        self._tag(trial_tags(request, result.status, result.structure) | said)
        self._set_status("FAILED" if result.status is Status.FAILED else "FINISHED")

    def abandon(self) -> None:
        """Nobody runs it any more, if anybody did."""
        if self._status == "RUNNING":
            self._tag({"status": "interrupted"})
            self._set_status("KILLED")

    def _tag(self, tags: Mapping[str, str]) -> None:
        changed = {key: value for key, value in tags.items() if self._tags.get(key) != value}
        if changed:
            self._client.log_batch(self.run_id, tags=[RunTag(key, value) for key, value in changed.items()])
            self._tags |= changed

    def _set_status(self, status: RunStatus) -> None:
        if status == self._status:
            return
        if status == "RUNNING":
            self._client.update_run(self.run_id, status=status)
        else:
            self._client.set_terminated(self.run_id, status)
        self._status = status

    def _log_metrics(self, metrics: Mapping[str, float], step: int, at_ms: int) -> None:
        """All or none of them: one batch is one transaction, so the first key speaks for the others."""
        first = next(iter(metrics), None)
        if first is None or step in self._steps_of(first):
            return
        batch = [Metric(key, float(value), at_ms, step) for key, value in metrics.items()]
        self._client.log_batch(self.run_id, metrics=batch)
        self._steps_of(first).add(step)

    def _steps_of(self, metric: str) -> set[int]:
        if metric not in self._steps:
            history = [] if self._created else self._client.get_metric_history(self.run_id, metric)
            self._steps[metric] = {point.step for point in history}
        return self._steps[metric]
