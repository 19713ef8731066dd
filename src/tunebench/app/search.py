"""The main job: prepare, search, choose, test once, export."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tunebench import paths
from tunebench.app.choose import choose_winner
from tunebench.app.corpus import prepare_data
from tunebench.app.folder import search_folder, write_atomically
from tunebench.app.session import Session, finished_summary, open_session
from tunebench.app.summary import describe_data, summarise
from tunebench.audio.track import SIDES
from tunebench.backbones.weights import locate
from tunebench.executors.inline import InlineExecutor
from tunebench.search.journal import read
from tunebench.search.loop import Loop
from tunebench.search.oracle import KerasTunerOracle
from tunebench.search.protocols import Listener
from tunebench.search.records import rebuild
from tunebench.search.table import rows, to_csv
from tunebench.space import Experiment
from tunebench.space.feasible import check_feasible
from tunebench.tracking.info import SearchInfo
from tunebench.tracking.mlflow_listener import MlflowListener
from tunebench.training.data import TrainingData
from tunebench.training.trainer import Trainer
from tunebench.trial import TrialRequest, TrialResult

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to the file."""

    fresh: bool = False
    max_trials: int | None = None


def search(
    experiment: Experiment,
    options: Options = Options(),
    *,
    listeners: Sequence[Listener] = (),
    on_decode: Progress | None = None,
    on_data: Callable[[TrainingData], None] | None = None,
) -> dict[str, Any]:
    """Run a search to its end, from wherever an earlier call of the same name left it.

    Returns:
        The summary, as in `summary.json`.

    Raises:
        InputError: the file, the space, the data or the folder is wrong.
        SearchError: nothing could be trained, or the export differs from the trained model.
        StorageError: a disk is full or not writable; the same call goes on later.
    """
    folder = search_folder(experiment.name)
    if options.fresh:
        folder.set_aside()
    begun = time.perf_counter()
    check_weights(experiment)
    make_deterministic()
    data = prepare_data(experiment.data, progress=on_decode)
    check_feasible(experiment.space, data.signal)
    if on_data:
        on_data(data)
    with ExitStack() as stack:
        session = open_session(experiment, data)
        stack.callback(session.journal.close)
        summary = finished_summary(folder)
        if summary is not None:
            return summary
        session.journal.append("phase", name="prepare", seconds=time.perf_counter() - begun)
        return _run(experiment, options, data, session, listeners, stack)


def _run(
    experiment: Experiment,
    options: Options,
    data: TrainingData,
    session: Session,
    listeners: Sequence[Listener],
    stack: ExitStack,
) -> dict[str, Any]:
    folder = session.folder
    trainer = Trainer(
        data, experiment.training, objective=experiment.search.objective, checkpoints=folder.checkpoints
    )
    executor = InlineExecutor(trainer)
    stack.callback(executor.close)
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
    )
    table.loop = loop
    tracker.open(_search_info(experiment, data, session))
    status = "FAILED"
    try:
        oracle = KerasTunerOracle(experiment.space, experiment.search, data.signal)
        loop.search(oracle, max_trials=options.max_trials)
        winner = choose_winner(experiment, data, session, loop, trainer)
        session.journal.append("phase", name="tracking", seconds=loop.listener_s)
        summary = summarise(
            experiment, data, loop.records, read(folder.journal), winner, infeasible=oracle.infeasible
        )
        summary["winner"]["model"] = tracker.log_winner(winner.bundle, summary, winner.figures) or None
        table.write()
        write_atomically(folder.summary, json.dumps(summary, indent=2) + "\n")
        status = "FINISHED"
        session.journal.append("end", status="completed")
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        tracker.close(status)
    return summary


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


def check_weights(experiment: Experiment) -> None:
    """Have the weights of every backbone of the space at hand before anything is trained.

    Raises:
        InputError: weights that the space names cannot be had.
    """
    for path, parameter in experiment.space.paths():
        table, _, name = path.partition(".")
        if table == "backbone" and name.endswith(".weights"):
            for weights in parameter.values() or ():
                locate(name.removesuffix(".weights"), str(weights))


def make_deterministic() -> None:
    """The same numbers from the same seed. On a GPU this would cost speed, so it is done on the CPU alone."""
    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()


def _search_info(experiment: Experiment, data: TrainingData, session: Session) -> SearchInfo:
    folder = session.folder
    return SearchInfo(
        search_id=session.search_id,
        split_hash=data.split.hash,
        leakage=data.split.leakage,
        corpus_digest=data.corpus.digest,
        sides={side: len(data.split.side(side)) for side in SIDES},
        data=describe_data(experiment, data),
        files=(folder.space, folder.trials, folder.summary),
    )
