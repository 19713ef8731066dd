"""Trials of nets: trained in steps from where they stopped, checkpointed after each epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.catalog.feasibility import general
from tunebench.catalog.spec import Values
from tunebench.catalog.structure import Structure
from tunebench.catalog.variants import variants_of
from tunebench.errors import SearchError
from tunebench.metrics.classification import evaluate
from tunebench.seeding import child_seed
from tunebench.training import checkpoint
from tunebench.training.augmentation import Augmentation
from tunebench.training.checkpoint import Progress
from tunebench.training.classifier import Classifier, Scalars
from tunebench.training.frontend import FrontendStep
from tunebench.training.pool import Pool
from tunebench.training.schedules import Schedules
from tunebench.training.sides import Sides
from tunebench.training.stopwatch import Stopwatch
from tunebench.training.writer import Writer
from tunebench.trial import EpochRecord, TrialRequest, better

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunebench.space.sections import TrainingSection

OnEpoch = Callable[[EpochRecord], None]


class DivergedError(SearchError):
    """The loss is not a number any more."""


class NetTraining:
    """Trains nets of one search, one after another, on the pool's warm classifiers."""

    def __init__(
        self, sides: Sides, pool: Pool, training: TrainingSection, *, objective: str, checkpoints: Path,
        class_weights: NDArray[np.floating] | None,
    ) -> None:  # fmt: skip
        self._sides, self._pool, self._training = sides, pool, training
        self._objective, self._checkpoints, self._class_weights = objective, checkpoints, class_weights
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")

    def train(
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
                before = micro_batch or fitted or self._sides.train(request.values).batch_size
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
        folder, signal = self._checkpoints / request.checkpoint, self._sides.data.signal
        with watch.phase("build"):
            classifier = self._pool.classifier(structure)
            frontend = self._pool.frontend(request.values, signal, structure, self._sides.scaling)
            augmentation = self._pool.augmentation(request.values, signal, structure)
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
            side, variants = self._sides.train(request.values), variants_of(request.values)
            batches = writer.looked_after(side.shuffled(request.seed, epoch, variants))
            loss, accuracy = classifier.train(frontend, batches, augmentation)
        if not math.isfinite(loss):
            raise DivergedError(f"the loss is {loss} in epoch {epoch} (learning_rate {learning_rate:.3g})")
        with watch.phase("evaluate"):
            side = self._sides.validation(request.values)
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
