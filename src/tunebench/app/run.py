"""A search under its lock: trials, repeats, the one test, the export; told to MLflow on the way."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tunebench import paths
from tunebench.app.choose import choose_winner
from tunebench.app.clock import wall_s
from tunebench.app.describe import describe_data
from tunebench.app.earlier import observations_of
from tunebench.app.folder import SearchFolder, write_atomically
from tunebench.app.options import Options
from tunebench.app.registry import judge
from tunebench.app.report import report_of
from tunebench.app.session import Session
from tunebench.app.summary import summarise
from tunebench.app.target import beyond_target, export_target
from tunebench.audio.track import SIDES
from tunebench.catalog.spec import Values
from tunebench.catalog.structure import step_key
from tunebench.errors import StorageError
from tunebench.executors.inline import InlineExecutor
from tunebench.executors.processes import ProcessExecutor
from tunebench.executors.ray_cluster import RayExecutor
from tunebench.executors.recipe import Recipe
from tunebench.search.journal import read
from tunebench.search.latencies import Latencies
from tunebench.search.loop import Loop
from tunebench.search.oracle import KerasTunerOracle
from tunebench.search.protocols import Executor, Listener
from tunebench.search.records import Records, rebuild
from tunebench.search.table import rows, to_csv
from tunebench.space import Experiment
from tunebench.tracking.info import SearchInfo
from tunebench.tracking.mlflow_listener import MlflowListener
from tunebench.tracking.version import Outcome
from tunebench.training.checkpoint import keep_only
from tunebench.training.cost import too_costly
from tunebench.training.data import TrainingData
from tunebench.training.trainer import Trainer
from tunebench.trial import TrialRequest, TrialResult, better


def run(
    experiment: Experiment,
    data: TrainingData,
    session: Session,
    listeners: Sequence[Listener],
    options: Options,
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Run what the session's journal lacks of a search, and return its summary.

    Raises:
        SearchError: nothing could be trained, or the export differs from the trained model.
        StorageError: a disk is full or not writable.
    """
    folder = session.folder
    settings = experiment.search
    recipe = Recipe(data, experiment.training, settings.objective, settings.max_epochs, folder.checkpoints)
    trainer = recipe.trainer()
    executor = _executor(recipe, trainer, options, folder)
    tracker = MlflowListener(
        uri=paths.tracking_uri(),
        artifacts=paths.artifacts(),
        experiment=experiment,
        records=rebuild(session.events),
    )
    table = TrialsFile(session, tracker)
    loop = Loop(
        executor=executor,
        journal=session.journal,
        events=session.events,
        listeners=[tracker, table, *listeners],
        seed=experiment.search.seed,
        objective=experiment.search.objective,
        should_stop=should_stop,
    )
    table.loop = loop
    tracker.open(_search_info(experiment, data, session))
    status = "FAILED"
    try:
        oracle = KerasTunerOracle(
            experiment.space,
            experiment.search,
            data.signal,
            too_costly=_too_costly(experiment, data, session, trainer, loop.records),
            earlier=observations_of(experiment, session),
        )
        loop.search(
            oracle,
            max_trials=options.max_trials,
            enough=enough_for(experiment, session),
            keep=keeper(folder.checkpoints, loop),
        )
        winner = choose_winner(experiment, data, session, loop, trainer)
        session.journal.append("phase", name="tracking", seconds=loop.listener_s)
        summary = summarise(
            experiment, data, loop.records, read(folder.journal), winner,
            status="cut" if loop.cut else "completed", ended_by=loop.enough, infeasible=oracle.infeasible,
        )  # fmt: skip
        outcome = tracker.log_winner(
            winner.bundle, summary, winner.figures,
            predictions=folder.predictions if folder.predictions.exists() else None, judge=judge,
        )  # fmt: skip
        if experiment.target is not None:
            summary["target"] = export_target(experiment.target, experiment.name, folder.target)
        if outcome is not None:
            summary["winner"] |= {"model": outcome.address, "registry": _registered(outcome)}
        table.write()
        write_atomically(folder.summary, json.dumps(summary, indent=2) + "\n")
        status = "FINISHED"
        _report(session, experiment, data, summary)
        session.journal.append("end", status=summary["status"])
    except KeyboardInterrupt:
        status = "KILLED"
        session.journal.append("end", status="interrupted")
        raise
    except StorageError:
        with suppress(StorageError):
            session.journal.append("end", status="interrupted")
        raise
    finally:
        executor.close()
        tracker.close(status)
    return summary


def _registered(outcome: Outcome) -> dict[str, Any]:
    """Which version of the registered model the winner is, and which one was the champion then."""
    return {"version": outcome.version, "champion": outcome.champion, "reason": outcome.reason}


def _report(session: Session, experiment: Experiment, data: TrainingData, summary: dict[str, Any]) -> None:
    """The page is worth having, and not worth losing a result for: `tunebench report` writes it again."""
    try:
        report_of(session.folder, experiment, data, summary)
    except Exception as error:  # whatever matplotlib or the template meets
        warnings.warn(f"no report of this search: {error}", stacklevel=2)


def _too_costly(
    experiment: Experiment, data: TrainingData, session: Session, trainer: Trainer, records: Records
) -> Callable[[Values], str | None]:
    within = _constrained(experiment, data, session, trainer)
    if experiment.target is None:
        return within
    beyond = beyond_target(experiment.target, data, session, trainer, records)
    return lambda values: within(values) or beyond(values)  # the cheaper first


def _constrained(
    experiment: Experiment, data: TrainingData, session: Session, trainer: Trainer
) -> Callable[[Values], str | None]:
    if experiment.constraints is None:
        return lambda values: None
    latencies = Latencies(
        session.journal,
        session.events,
        key=lambda values: step_key(trainer.structure(values).key, values),
        measure=trainer.latency_ms,
    )
    return too_costly(
        experiment.constraints,
        data.signal,
        classes=len(data.corpus.classes),
        precision=experiment.training.precision,
        latency_of=latencies.of,
    )


def enough_for(experiment: Experiment, session: Session) -> Callable[[Records], str | None]:
    """Why no further trial is to be begun: the time or the score that the file asks for."""
    search, begun, before_s = experiment.search, time.monotonic(), wall_s(session.events)

    def enough(records: Records) -> str | None:
        hours = (before_s + time.monotonic() - begun) / 3600
        if search.max_hours is not None and hours >= search.max_hours:
            return f"search.max_hours: {search.max_hours:g} hours are over"
        if search.target is None:
            return None
        scores = (r.result.score for r in records.trials.values() if r.result and r.result.score is not None)
        reached = next((s for s in scores if not better(search.objective, search.target, s)), None)
        return None if reached is None else f"search.target: {search.objective} reached {reached:.4f}"

    return enough


def keeper(checkpoints: Path, loop: Loop) -> Callable[[Collection[str]], None]:
    """Removes the checkpoints of configurations that nobody goes on from, but for finalists' repeats."""

    def keep(configurations: Collection[str]) -> None:
        repeats = {record.request.checkpoint for record in loop.records.repeats.values()}
        keep_only(checkpoints, {*configurations, *repeats})

    return keep


def _executor(recipe: Recipe, trainer: Trainer, options: Options, folder: SearchFolder) -> Executor:
    if options.executor == "inline":
        return InlineExecutor(trainer)
    common = {
        "workers": options.workers, "threads": options.threads, "hung_after_s": options.hung_after_s,
    }  # fmt: skip
    if options.executor == "processes":
        return ProcessExecutor(recipe, logs=folder.logs, **common)
    return RayExecutor(recipe, address=options.address, gpus=options.gpus, **common)


class TrialsFile(Listener):
    """Keeps trials.csv up to date."""

    def __init__(self, session: Session, tracker: MlflowListener) -> None:
        self._session, self._tracker = session, tracker
        self.loop: Loop | None = None

    def on_result(self, request: TrialRequest, result: TrialResult) -> None:
        """Write the table anew after each trial."""
        self.write()

    def write(self) -> None:
        """Write the table of what is known now."""
        if self.loop is not None:
            table = rows(self.loop.records, self._tracker.run_ids)
            write_atomically(self._session.folder.trials, to_csv(table))


def _search_info(experiment: Experiment, data: TrainingData, session: Session) -> SearchInfo:
    folder = session.folder
    return SearchInfo(
        search_id=session.search_id,
        split_hash=data.split.hash,
        leakage=data.split.leakage,
        corpus_digest=data.corpus.digest,
        sides={side: len(data.split.side(side)) for side in SIDES},
        data=describe_data(experiment, data),
        files=(folder.space, folder.trials, folder.summary, folder.study, folder.predictions, folder.report),
    )
