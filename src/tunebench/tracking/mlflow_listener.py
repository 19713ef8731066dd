"""MLflow as a listener of the search."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tunebench import paths
from tunebench.search.protocols import Listener
from tunebench.search.records import Records, TrialRecord
from tunebench.tracking import store
from tunebench.tracking.connection import Connection
from tunebench.tracking.info import SearchInfo, key_of
from tunebench.tracking.version import Judge, Outcome
from tunebench.trial import EpochRecord, TrialRequest, TrialResult

if TYPE_CHECKING:
    from tunebench.space import Experiment
    from tunebench.tracking.child_run import RunStatus
    from tunebench.tracking.mlflow_search import MlflowSearch

__all__ = ["MlflowListener", "SearchInfo"]

Answer = TypeVar("Answer")

_LOGGER = logging.getLogger(__name__)


class MlflowListener(Listener):
    """Logs a search to MLflow from a thread of its own: no trial waits for it, none fails by it.

    It remembers all that it was told. Where MLflow is out of reach the search goes on, with one warning;
    what was missed is written once MLflow is back, at the latest by the process that goes on with this
    search.

    Args:
        uri: tracking URI.
        artifacts: where the artifacts of a local store lie.
        experiment: the file as run.
        records: what the journal holds already, where a search goes on.
        warn: is given the one warning.
    """

    def __init__(
        self,
        *,
        uri: str,
        artifacts: Path,
        experiment: Experiment,
        records: Records | None = None,
        warn: Callable[[str], None] = _LOGGER.warning,
    ) -> None:
        self._uri, self._artifacts, self._experiment, self._warn = uri, artifacts, experiment, warn
        self._records = _copy(records or Records())
        self._running: set[str] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tracking")
        self._connection: Connection[MlflowSearch] | None = None
        self.run_ids: dict[str, str] = {}
        """MLflow's run of each configuration, and of each repeat by its trial, as far as it is known."""

    def open(self, info: SearchInfo) -> None:
        """Begin, or go on with, the parent run of this search. Returns before MLflow has answered."""
        store.set_defaults()
        from tunebench.tracking.mlflow_search import MlflowSearch  # here: no two threads import at a time

        def connect() -> MlflowSearch:
            search = MlflowSearch(
                uri=self._uri, artifacts=self._artifacts, experiment=self._experiment, info=info
            )
            self.run_ids |= search.runs.restore(self._records, self._running)
            search.watch_machine()
            return search

        self._connection = Connection(connect=connect, disconnect=MlflowSearch.abandon, report=self._report)
        self._submit(lambda search: None)

    def on_start(self, request: TrialRequest) -> None:
        """A trial begins, or begins again."""

        def remember() -> None:
            record = self._records.of(request).setdefault(request.trial, TrialRecord(request))
            record.request, record.attempts = request, request.attempt
            self._running.add(request.trial)

        def act(search: MlflowSearch) -> None:
            self.run_ids[key_of(request)] = search.runs.start(request)

        self._submit(act, remember)

    def on_epoch(self, request: TrialRequest, record: EpochRecord) -> None:
        """An epoch of a trial is done."""
        at_ms = _now_ms()

        def remember() -> None:
            self._record(request).epochs[record.epoch] = record

        self._submit(lambda search: search.runs.log_epoch(request, record, at_ms), remember)

    def on_result(self, request: TrialRequest, result: TrialResult) -> None:
        """A trial ended."""
        at_ms = _now_ms()

        def remember() -> None:
            self._record(request).result = result
            self._running.discard(request.trial)

        self._submit(lambda search: search.runs.finish(self._record(request), at_ms), remember)

    def log_winner(
        self,
        bundle: Path,
        summary: Mapping[str, Any],
        figures: Sequence[Path],
        *,
        predictions: Path | None,
        judge: Judge,
    ) -> Outcome | None:
        """Log the figures, and the bundle as a version of the registered model of this search's name.

        Args:
            bundle: the exported folder.
            summary: as in `summary.json`; the winner's figures become metrics of the parent run.
            figures: pictures, logged under `figures/`.
            predictions: `predictions.csv`, kept with the model; None if there is none.
            judge: compares it with the champion, if there is one; it is called from tracking's thread.

        Returns:
            Whether it became the champion and why, or None where MLflow is out of reach.
        """
        return self._submit(
            lambda search: search.log_winner(bundle, summary, figures, predictions, judge), at_once=True
        ).result()

    def close(self, status: RunStatus) -> None:
        """Write what still waits or was missed, end the parent run, and stop. A second call does nothing."""

        def finish(search: MlflowSearch) -> None:
            self.run_ids |= search.runs.restore(self._records, self._running)
            search.close(status)

        if self._connection is not None:
            self._submit(finish, at_once=True).result()
            self._connection = None
        self._thread.shutdown()

    def _submit(
        self,
        action: Callable[[MlflowSearch], Answer],
        remember: Callable[[], None] = lambda: None,
        *,
        at_once: bool = False,
    ) -> Future[Answer | None]:
        connection = self._connection
        if connection is None:
            raise RuntimeError("tracking is not open")

        def job() -> Answer | None:
            remember()
            return connection.call(action, at_once=at_once)

        return self._thread.submit(job)

    def _record(self, request: TrialRequest) -> TrialRecord:
        return self._records.of(request)[request.trial]

    def _report(self, error: Exception) -> None:
        said = paths.shown(" ".join(str(error).split()))[:200]
        self._warn(
            f"MLflow at {paths.shown(self._uri)} cannot be written ({type(error).__name__}: {said}). "
            "The search goes on; what MLflow lacks is written when it can be reached again."
        )


def _copy(records: Records) -> Records:
    """Records of its own, whose requests say which attempt they were."""

    def copied(table: Mapping[str, TrialRecord]) -> dict[str, TrialRecord]:
        return {
            name: replace(
                record,
                request=replace(record.request, attempt=record.attempts),
                epochs=dict(record.epochs),
            )
            for name, record in table.items()
        }

    return Records(copied(records.trials), copied(records.repeats))


def _now_ms() -> int:
    return round(time.time() * 1000)
