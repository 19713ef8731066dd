"""One search in MLflow, while MLflow can be reached."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

import tunebench
from tunebench.tracking import champion, store
from tunebench.tracking.child_run import RunStatus
from tunebench.tracking.info import SearchInfo
from tunebench.tracking.registry import Registry
from tunebench.tracking.runs import Runs
from tunebench.tracking.version import Judge, Outcome

if TYPE_CHECKING:
    from tunebench.space import Experiment

SYSTEM_INTERVAL_S = 10

_STATUS_TAG: Mapping[RunStatus, str] = {
    "RUNNING": "running",
    "FINISHED": "completed",
    "FAILED": "failed",
    "KILLED": "interrupted",
}


class MlflowSearch:
    """The parent run of a search, opened with its tags, its datasets and its file; and all runs below it."""

    def __init__(self, *, uri: str, artifacts: Path, experiment: Experiment, info: SearchInfo) -> None:
        self._uri, self._name, self._info = uri, experiment.name, info
        self._client = client = store.connect(uri)
        self.runs = Runs(
            client,
            experiment_id=store.experiment_id(client, name=self._name, uri=uri, artifacts=artifacts),
            search_id=info.search_id,
            name=self._name,
            tags={
                "name": self._name,
                "algorithm": experiment.search.algorithm,
                "leakage": info.leakage,
                "split_hash": info.split_hash,
                "version": tunebench.__version__,
                "status": _STATUS_TAG["RUNNING"],
            },
            params=experiment.search.model_dump(mode="json"),
        )
        client.log_inputs(self.runs.parent, datasets=[*_inputs(experiment, info)])
        client.log_text(self.runs.parent, experiment.to_yaml(), "space.yaml")
        self._monitor: SystemMetricsMonitor | None = None

    def watch_machine(self) -> None:
        """Sample the machine's load to the parent run until `close`."""
        self._monitor = SystemMetricsMonitor(
            self.runs.parent,
            sampling_interval=SYSTEM_INTERVAL_S,
            resume_logging=self.runs.adopted,
            tracking_uri=self._uri,
        )
        self._monitor.start()

    def log_winner(
        self,
        bundle: Path,
        summary: Mapping[str, Any],
        figures: Sequence[Path],
        predictions: Path | None,
        judge: Judge,
    ) -> Outcome:
        """Log figures and model; the registered model may become the champion."""
        for figure in figures:
            self._client.log_artifact(self.runs.parent, str(figure), "figures")
        return champion.register(
            self.runs,
            Registry(self._client, self._uri),
            self._name,
            bundle,
            summary,
            predictions=predictions,
            test_side=self._info.digest("test") if self._info.sides.get("test") else "none",
            judge=judge,
        )

    def close(self, status: RunStatus) -> None:
        """Log the files that the search has written, and end its runs."""
        for file in self._info.files:
            if file.exists():
                self._client.log_artifact(self.runs.parent, str(file))
        self.abandon()
        self.runs.close(_STATUS_TAG[status], status)

    def abandon(self) -> None:
        """Stop sampling, and leave the runs as they are."""
        if self._monitor is not None:
            self._monitor.finish()


def _inputs(experiment: Experiment, info: SearchInfo) -> Iterator[DatasetInput]:
    """The sides of the split, named and counted: no data."""
    for side, segments in info.sides.items():
        profile = {"segments": segments, "split_hash": info.split_hash, "leakage": info.leakage, **info.data}
        dataset = Dataset(
            name=f"{experiment.name}-{side}",
            digest=info.digest(side),
            source_type="local",
            source=json.dumps({"uri": str(experiment.data.root)}),
            profile=json.dumps(profile, default=str),
        )
        yield DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, side)])
