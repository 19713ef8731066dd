"""Searches to track, and what stands in the store afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from tunebench.search.records import Records
from tunebench.space import load
from tunebench.tracking.info import SearchInfo
from tunebench.tracking.mlflow_listener import MlflowListener
from tunebench.tracking.version import Evidence
from tunebench.trial import EpochRecord, Status, TrialRequest, TrialResult

FILE = """
name: {name}
data: {{root: ., split: {{by: track}}}}
space: {{spectrogram: mel, backbone: cnn}}
search: {{max_epochs: 9, seed: 7}}
"""

VALUES = {"spectrogram": "mel", "spectrogram.mel.n_fft": 1024, "backbone": "cnn", "learning_rate": 1e-3}


@dataclass(frozen=True)
class Said:
    """A verdict."""

    better: bool
    reason: str = "it was said so"


def better(challenger: Evidence, champion: Evidence) -> Said:
    """The judge that lets everybody win."""
    return Said(True)


def worse(challenger: Evidence, champion: Evidence) -> Said:
    """The judge that lets nobody win."""
    return Said(False)


@dataclass
class Project:
    """A fresh search on the shared database."""

    home: Path
    name: str
    files: tuple[Path, ...] = ()

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.home / 'mlruns' / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path:
        return self.home / "mlruns" / "artifacts"

    def listener(self, *, records: Records | None = None, search_id: str = "", **kwargs):
        file = self.home / f"{self.name}.yaml"
        file.write_text(FILE.format(name=self.name))
        experiment = load(file)
        made = MlflowListener(
            **{"uri": self.uri, "artifacts": self.artifacts, "experiment": experiment, "records": records}
            | kwargs
        )
        made.open(self.info(search_id))
        return made

    def info(self, search_id: str = "") -> SearchInfo:
        return SearchInfo(
            search_id=search_id or f"{self.name}-1",
            split_hash="5b1a",
            leakage="none",
            corpus_digest="c0de",
            sides={"train": 60, "validation": 20, "test": 20},
            data={"tracks": 100},
            files=self.files,
        )

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.uri)

    def runs(self) -> tuple[list[Run], dict[str, Run]]:
        """Parents, and children by name."""
        held = self.client.get_experiment_by_name(self.name)
        found = self.client.search_runs([held.experiment_id]) if held else []
        parents = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
        children = [run for run in found if "mlflow.parentRunId" in run.data.tags]
        assert len({run.info.run_name for run in children}) == len(children)
        return parents, {run.info.run_name: run for run in children}

    def history(self, run: Run, metric: str) -> list[tuple[int, float]]:
        """Steps and values, as often as they were logged."""
        return sorted((m.step, m.value) for m in self.client.get_metric_history(run.info.run_id, metric))


def request(trial: str = "t0", configuration: str = "c0", **fields: Any) -> TrialRequest:
    known = {"epochs_from": 0, "epochs_to": 3, "bracket": 2} | fields
    return TrialRequest(
        trial=trial, configuration=configuration, values=VALUES, seed=1, checkpoint=configuration, **known
    )


def result(trial: str = "t0", **fields: Any) -> TrialResult:
    known = {"status": Status.COMPLETED, "epochs_to": 3, "score": 0.5, "best_epoch": 2, "structure": "cnn-96"}
    return TrialResult(trial=trial, seconds={"train": 2.0, "build": 1.0}, **known | fields)


def record(epoch: int) -> EpochRecord:
    return EpochRecord(epoch, {"loss": 1.0 / epoch, "val_accuracy": epoch / 10})


def run_trial(listener: MlflowListener, asked: TrialRequest, **fields: Any) -> None:
    listener.on_start(asked)
    for epoch in range(asked.epochs_from + 1, asked.epochs_to + 1):
        listener.on_epoch(asked, record(epoch))
    listener.on_result(asked, result(asked.trial, **{"epochs_to": asked.epochs_to} | fields))


def wait_for(condition: Callable[[], bool], *, at_most_s: float = 20) -> None:
    end = time.monotonic() + at_most_s
    while not condition():
        assert time.monotonic() < end, f"not within {at_most_s} s"
        time.sleep(0.05)
