"""`run_trial(request) -> result`: train one configuration from where it stopped."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.catalog.feasibility import general
from tunebench.catalog.spec import Values
from tunebench.catalog.structure import Structure, structure_of
from tunebench.errors import SearchError, StorageError
from tunebench.metrics.classification import evaluate
from tunebench.seeding import child_seed
from tunebench.training import checkpoint
from tunebench.training.augmentation import Augmentation
from tunebench.training.checkpoint import Progress
from tunebench.training.classifier import Classifier, Scalars
from tunebench.training.cost import latency_ms, measure
from tunebench.training.data import TrainingData
from tunebench.training.frontend import FrontendStep
from tunebench.training.pipeline import Batches
from tunebench.training.pool import Pool
from tunebench.training.schedules import Schedules
from tunebench.training.writer import Writer
from tunebench.trial import EpochRecord, Status, TrialRequest, TrialResult, better

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunebench.space.sections import TrainingSection

OnEpoch = Callable[[EpochRecord], None]
PHASES = ("build", "train", "evaluate", "checkpoint")


class DivergedError(SearchError):
    """The loss is not a number any more."""


class Stopwatch:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(PHASES, 0.0)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the phase `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start


class Trainer:
    """Runs trials of one search, one after another, on warm classifiers."""

    def __init__(
        self, data: TrainingData, training: TrainingSection, *, objective: str, checkpoints: Path,
        pool: Pool | None = None,
    ) -> None:  # fmt: skip
        self._data, self._training, self._objective = data, training, objective
        self._checkpoints = checkpoints
        self._pool = pool or Pool()
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        split, batch_size = data.split, training.batch_size
        self._train = Batches(data.corpus, data.segments, split.train, batch_size=batch_size)
        self._validation = Batches(data.corpus, data.segments, split.validation, batch_size=batch_size)
        self._class_weights = (
            balanced_weights(self._train.labels, len(data.corpus.classes))
            if training.class_weights == "balanced"
            else None
        )

    def run_trial(self, request: TrialRequest, on_epoch: OnEpoch) -> TrialResult:
        """Train from the checkpoint, or from nothing, to `request.epochs_to`.

        `on_epoch` receives each epoch once its checkpoint stands, those of an interrupted attempt too.
        What goes wrong inside the trial is the trial's own failure.

        Raises:
            StorageError: a checkpoint cannot be written; the search must stop.
        """
        started_at, watch = datetime.now(UTC).isoformat(timespec="seconds"), Stopwatch()
        structure = self.structure(request.values)
        common: dict[str, Any] = {
            "structure": structure.key, "worker": f"{os.getpid()}", "host": platform.node(),
            "started_at": started_at,
        }  # fmt: skip
        try:
            progress = self._train_with_room(request, structure, on_epoch, watch)
            first = request.kind == "trial" and request.epochs_from == 0
            cost = measure(*self._steps(request.values), self._data.signal.samples) if first else None
        except StorageError:
            raise
        except Exception as error:  # a trial must not take the search with it
            return TrialResult(
                request.trial, Status.FAILED, request.epochs_from, seconds=watch.seconds,
                message=_one_line(error), **common,
            )  # fmt: skip
        best = next(r for r in progress.history if r.epoch == progress.best_epoch)
        return TrialResult(
            trial=request.trial,
            status=Status.STOPPED if progress.stopped else Status.COMPLETED,
            epochs_to=progress.epoch,
            score=progress.best_score,
            best_epoch=progress.best_epoch,
            metrics=best.metrics,
            seconds=watch.seconds,
            micro_batch=progress.micro_batch,
            cost=cost,
            **common,
        )

    def latency_ms(self, values: Values) -> float:
        """How long a configuration takes for one segment, on untrained weights."""
        return latency_ms(*self._steps(values), self._data.signal.samples)

    def structure(self, values: Values) -> Structure:
        """The structure of a configuration on this search's data."""
        return structure_of(
            values,
            self._data.signal,
            classes=len(self._data.corpus.classes),
            precision=self._training.precision,
        )

    def best_classifier(self, request: TrialRequest) -> tuple[Classifier, FrontendStep]:
        """The classifier with the best epoch's weights of a repeat that was run.

        Raises:
            SearchError: its checkpoint has been removed since, and training it again failed.
        """
        structure, folder = self.structure(request.values), self._checkpoints / request.checkpoint
        weights = checkpoint.load_best(folder)
        if weights is None:
            checkpoint.remove(folder)
            again = self.run_trial(request, lambda record: None)
            weights = checkpoint.load_best(folder)
            if weights is None:
                raise SearchError(f"repeat {request.trial} could not be trained again: {again.message}")
        classifier = self._pool.classifier(structure)
        classifier.begin(scalars_of(request.values), request.seed)
        classifier.restore(weights)
        stored = checkpoint.load(folder)
        classifier.micro_batch = stored[1].micro_batch if stored else None
        return classifier, self._pool.frontend(request.values, self._data.signal, structure)

    def _steps(self, values: Values) -> tuple[Classifier, FrontendStep]:
        structure = self.structure(values)
        return self._pool.classifier(structure), self._pool.frontend(values, self._data.signal, structure)

    def _train_with_room(
        self, request: TrialRequest, structure: Structure, on_epoch: OnEpoch, watch: Stopwatch
    ) -> Progress:
        """Train; out of memory, empty the pool, then halve what is trained on at once."""
        try:
            return self._train_to(request, structure, on_epoch, watch)
        except tf.errors.ResourceExhaustedError:
            self._pool.clear()  # classifiers of earlier trials may fill the device
        micro_batch: int | None = None
        while True:
            try:
                return self._train_to(request, structure, on_epoch, watch, micro_batch)
            except tf.errors.ResourceExhaustedError:
                stored = checkpoint.load(self._checkpoints / request.checkpoint)
                fitted = stored[1].micro_batch if stored else None
                before = micro_batch or fitted or self._train.batch_size
                if before == 1:
                    raise
                micro_batch = before // 2

    def _train_to(
        self,
        request: TrialRequest,
        structure: Structure,
        on_epoch: OnEpoch,
        watch: Stopwatch,
        micro_batch: int | None = None,
    ) -> Progress:
        folder = self._checkpoints / request.checkpoint
        with watch.phase("build"):
            classifier = self._pool.classifier(structure)
            frontend = self._pool.frontend(request.values, self._data.signal, structure)
            augmentation = self._pool.augmentation(request.values, self._data.signal, structure)
            classifier.begin(scalars_of(request.values), request.seed, self._class_weights)
        with watch.phase("checkpoint"):
            stored = checkpoint.load(folder)
            if stored is not None:
                classifier.restore(stored[0])
        progress = stored[1] if stored else Progress()
        progress.micro_batch = micro_batch or progress.micro_batch
        classifier.micro_batch = progress.micro_batch
        schedules = Schedules(self._training, progress.schedules)
        for record in progress.history[request.epochs_from :]:
            on_epoch(record)
        with Writer(on_epoch, self._writing) as writer:
            while progress.epoch < request.epochs_to and not progress.stopped:
                epoch = progress.epoch + 1
                augmentation.begin_epoch(child_seed(request.seed, "augmentation", epoch))
                record = self._epoch(request, classifier, frontend, augmentation, epoch, watch, writer)
                progress.epoch += 1
                progress.history.append(record)
                score = record.metrics[self._objective]
                improved = better(self._objective, score, progress.best_score)
                if improved:
                    progress.best_score, progress.best_epoch = score, record.epoch
                classifier.learning_rate, progress.stopped = schedules.observe(
                    record.metrics["val_loss"], classifier.learning_rate
                )
                progress.schedules = schedules.state()
                with _but_for_telling(watch, "checkpoint", writer):
                    best = classifier.weights() if improved and request.kind == "repeat" else None
                    writer.write(record, folder, classifier.state(), progress, best)
            with _but_for_telling(watch, "checkpoint", writer):
                writer.finish()
        return progress

    def _epoch(
        self,
        request: TrialRequest,
        classifier: Classifier,
        frontend: FrontendStep,
        augmentation: Augmentation,
        epoch: int,
        watch: Stopwatch,
        writer: Writer,
    ) -> EpochRecord:
        learning_rate = classifier.learning_rate
        with _but_for_telling(watch, "train", writer):
            batches = writer.looked_after(self._train.shuffled(request.seed, epoch))
            loss, accuracy = classifier.train(frontend, batches, augmentation)
        if not math.isfinite(loss):
            raise DivergedError(f"the loss is {loss} in epoch {epoch} (learning_rate {learning_rate:.3g})")
        with watch.phase("evaluate"):
            side = self._validation
            probabilities = classifier.predict(frontend, side.in_order(), len(side.indices))
            figures = evaluate(probabilities, side.labels, side.tracks)
        if not math.isfinite(figures["loss"]):
            raise DivergedError(f"the validation loss is {figures['loss']} in epoch {epoch}")
        return EpochRecord(
            epoch,
            {"loss": loss, "accuracy": accuracy, "learning_rate": learning_rate}
            | {f"val_{name}": value for name, value in figures.items()},
        )


@contextmanager
def _but_for_telling(watch: Stopwatch, phase: str, writer: Writer) -> Iterator[None]:
    """A phase without the time of those who are told of an epoch in it."""
    told_s = writer.telling_s
    with watch.phase(phase):
        yield
    watch.seconds[phase] -= writer.telling_s - told_s


def scalars_of(values: Values) -> Scalars:
    """What of a configuration is a variable in the graph."""
    params = general(values)
    return Scalars(
        learning_rate=params["learning_rate"],
        dropout=params["dropout"],
        weight_decay=params["weight_decay"] if params["optimizer"] == "adamw" else 0.0,
        label_smoothing=params["label_smoothing"],
        l2=params["l2"],
    )


def balanced_weights(labels: NDArray[np.integer], classes: int) -> NDArray[np.float32]:
    """`(classes,)`: each class's examples weigh the same in sum, and the mean weight is 1."""
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * np.maximum(counts, 1))).astype(np.float32)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:500]}"
