"""The runs of one search: a parent, and a child for each configuration and each repeat of a finalist.

Every method may be called again with the same arguments, and then changes nothing.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Collection, Mapping, Sequence

from mlflow import MlflowClient
from mlflow.entities import Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_SOURCE_NAME, MLFLOW_USER

from tunebench.search.records import Records, TrialRecord
from tunebench.tracking.child_run import ChildRun, RunStatus, trial_tags
from tunebench.tracking.info import key_of
from tunebench.trial import EpochRecord, TrialRequest

SEARCH_ID = "tunebench.search_id"
KEY = "tunebench.key"


class Runs:
    """Writes one search into MLflow's store, each call naming its run."""

    def __init__(
        self,
        client: MlflowClient,
        *,
        experiment_id: str,
        search_id: str,
        name: str,
        tags: Mapping[str, str],
        params: Mapping[str, object],
    ) -> None:
        """Find the parent run by `search_id`, with its children, or create it."""
        self.client, self.experiment_id = client, experiment_id
        self._search_id, self._leakage = search_id, tags["leakage"]
        found = self._find()
        parents = [run for run in found if run.data.tags.get("kind") == "search"]
        self.adopted = bool(parents)
        """Whether an earlier process had begun this search."""
        if self.adopted:
            run = min(parents, key=lambda run: run.info.start_time)
            client.update_run(run.info.run_id, status="RUNNING")
        else:
            run = self._create(name, {"kind": "search"})
            pairs = [Param(key, str(value)) for key, value in params.items()]
            client.log_batch(run.info.run_id, params=pairs)
        self.parent: str = run.info.run_id
        self.tags = dict(run.data.tags)
        self.tag(tags)
        self._children = {
            child.data.tags[KEY]: ChildRun(client, child, created=False)
            for child in found
            if child.data.tags.get(MLFLOW_PARENT_RUN_ID) == self.parent
        }

    def tag(self, tags: Mapping[str, str]) -> None:
        """Set tags of the parent run."""
        self.client.log_batch(self.parent, tags=[RunTag(key, value) for key, value in tags.items()])
        self.tags |= tags

    def start(self, request: TrialRequest) -> str:
        """A trial begins: its configuration's run is made, or goes on. Returns the run."""
        child = self._child(request)
        child.start(request)
        return child.run_id

    def log_epoch(self, request: TrialRequest, record: EpochRecord, at_ms: int) -> None:
        """The figures of one epoch."""
        self._child(request).log_epoch(record, at_ms)

    def finish(self, record: TrialRecord, at_ms: int) -> None:
        """A trial ended, and with it its configuration's run, until that is promoted."""
        child = self._child(record.request)
        if record.result is not None:
            child.log_score(record.result, at_ms)
            child.finish(record.request, record.result)

    def restore(self, records: Records, running: Collection[str]) -> Mapping[str, str]:
        """Write what the store lacks of what is known; `running` names the trials under way.

        Returns:
            The run of each configuration and of each repeat.
        """
        latest: dict[str, TrialRecord] = {}
        for record in records.all().values():
            if record.attempts:
                self._restore_figures(record)
                latest[key_of(record.request)] = record
        for key, child in self._children.items():
            record = latest.get(key)
            if record is not None and record.result is not None:
                child.finish(record.request, record.result)
            elif record is not None and record.request.trial in running:
                child.start(record.request)
            else:
                child.abandon()
        return {key: child.run_id for key, child in self._children.items()}

    def close(self, status: str, run_status: RunStatus) -> None:
        """End the parent run, and those of its children that are still open."""
        for child in self._children.values():
            child.abandon()
        self.tag({"status": status})
        self.client.set_terminated(self.parent, run_status)

    def _restore_figures(self, record: TrialRecord) -> None:
        child, at_ms = self._child(record.request), round(time.time() * 1000)
        for epoch in record.epochs.values():
            child.log_epoch(epoch, at_ms)
        if record.result is not None:
            child.log_score(record.result, at_ms)

    def _child(self, request: TrialRequest) -> ChildRun:
        key = key_of(request)
        if key not in self._children:
            fixed = {
                MLFLOW_PARENT_RUN_ID: self.parent,
                KEY: key,
                "kind": request.kind,
                "configuration": request.configuration,
                "leakage": self._leakage,
            }
            run = self._create(key, fixed | trial_tags(request, "running"))
            self._children[key] = ChildRun(self.client, run, created=True)
        child = self._children[key]
        child.log_values(request)
        return child

    def _create(self, name: str, tags: Mapping[str, str]) -> Run:
        common = {SEARCH_ID: self._search_id, MLFLOW_SOURCE_NAME: "tunebench", MLFLOW_USER: user_name()}
        return self.client.create_run(self.experiment_id, run_name=name, tags={**common, **tags})

    def _find(self) -> Sequence[Run]:
        found: list[Run] = []
        token: str | None = None
        while True:
            page = self.client.search_runs(
                [self.experiment_id], f"tags.`{SEARCH_ID}` = '{self._search_id}'", page_token=token
            )
            found += page
            token = page.token
            if not token:
                return found


def user_name() -> str:
    """Who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
