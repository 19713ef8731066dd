"""`run_trial(request) -> result`: train or fit one configuration, from where it stopped."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebench.catalog.feasibility import is_estimator, source_of
from tunebench.catalog.spec import Values
from tunebench.catalog.structure import Structure, structure_of
from tunebench.errors import SearchError, StorageError
from tunebench.frontends.vectors import Scaling
from tunebench.training import checkpoint
from tunebench.training.cost import extraction_ms, latency_ms, measure, noise
from tunebench.training.data import TrainingData
from tunebench.training.fitting import Fitting
from tunebench.training.models import EstimatorModel, NetModel
from tunebench.training.net_training import NetTraining, OnEpoch, scalars_of
from tunebench.training.pipeline import Batches
from tunebench.training.pool import Pool
from tunebench.training.sides import Sides
from tunebench.training.stopwatch import Stopwatch
from tunebench.trial import Cost, Status, TrialRequest, TrialResult

if TYPE_CHECKING:
    from tunebench.space.sections import TrainingSection


class Trainer:
    """Runs trials of one search, one after another, on warm classifiers.

    `max_epochs` are those of a whole training: estimators are fitted on the share of the training side that a
    request's epochs are of them.
    """

    def __init__(
        self, data: TrainingData, training: TrainingSection, *, objective: str, max_epochs: int,
        checkpoints: Path, pool: Pool | None = None,
    ) -> None:  # fmt: skip
        self._data, self._training, self._checkpoints = data, training, checkpoints
        self._pool = pool or Pool()
        self._sides = Sides(data, training.batch_size)
        labels = data.segments.label[data.split.train]
        balanced = training.class_weights == "balanced"
        weights = balanced_weights(labels, len(data.corpus.classes)) if balanced else None
        self._nets = NetTraining(
            self._sides, self._pool, training, objective=objective, checkpoints=checkpoints,
            class_weights=weights,
        )  # fmt: skip
        self._estimators = Fitting(
            self._sides, self._pool, max_epochs=max_epochs, objective=objective, class_weights=weights
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
        way = self._estimators if is_estimator(request.values) else self._nets
        try:
            progress = way.train(request, structure, on_epoch, watch)
            first = request.kind == "trial" and request.epochs_from == 0
            cost = self._cost(request, structure) if first else None
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

    def untrained(self, values: Values) -> NetModel:
        """A net with whatever weights the pool's classifier has."""
        return self._net(values, self.structure(values))

    def latency_ms(self, values: Values) -> float:
        """How long a net takes for one segment, on untrained weights."""
        model = self.untrained(values)
        return latency_ms(model, self._noise(values)) + self._extraction_ms(values)

    def structure(self, values: Values) -> Structure:
        """The structure of a configuration on this search's data."""
        return structure_of(
            values,
            self._data.signal,
            classes=len(self._data.corpus.classes),
            precision=self._training.precision,
        )

    @property
    def scaling(self) -> Scaling | None:
        """What nets of feature vectors are scaled by, where the corpus has any."""
        return self._sides.scaling

    def side(self, values: Values, indices: NDArray[np.integer]) -> Batches:
        """Any segments of the corpus as a configuration's model receives them."""
        return self._sides.of(values, indices)

    def best_model(self, request: TrialRequest) -> NetModel | EstimatorModel:
        """The model with the best epoch's weights of a repeat that was run; an estimator is fitted again.

        Raises:
            SearchError: its checkpoint has been removed since, and training it again failed.
        """
        structure = self.structure(request.values)
        if is_estimator(request.values):
            return self._estimators.fit(request, structure)
        return self._restored(request, structure)

    def _restored(self, request: TrialRequest, structure: Structure) -> NetModel:
        folder = self._checkpoints / request.checkpoint
        weights = checkpoint.load_best(folder)
        if weights is None:
            checkpoint.remove(folder)
            again = self.run_trial(request, lambda record: None)
            weights = checkpoint.load_best(folder)
            if weights is None:
                raise SearchError(f"repeat {request.trial} could not be trained again: {again.message}")
        model = self._net(request.values, structure)
        model.classifier.begin(scalars_of(request.values), request.seed)
        model.classifier.restore(weights)
        stored = checkpoint.load(folder)
        model.classifier.micro_batch = stored[1].micro_batch if stored else None
        return model

    def _net(self, values: Values, structure: Structure) -> NetModel:
        frontend = self._pool.frontend(values, self._data.signal, structure, self._sides.scaling)
        return NetModel(self._pool.classifier(structure), frontend)

    def _cost(self, request: TrialRequest, structure: Structure) -> Cost:
        values = request.values
        model: NetModel | EstimatorModel
        if is_estimator(values):
            model = self._estimators.fit(request, structure)
        else:
            model = self._net(values, structure)
        return measure(model, self._noise(values), self._extraction_ms(values))

    def _noise(self, values: Values) -> NDArray[np.int16] | NDArray[np.float32]:
        return noise(source_of(values), self._data)

    def _extraction_ms(self, values: Values) -> float:
        return self._features_ms if source_of(values) == "features" else 0.0

    @cached_property
    def _features_ms(self) -> float:
        return extraction_ms(self._data.signal)


def balanced_weights(labels: NDArray[np.integer], classes: int) -> NDArray[np.float32]:
    """`(classes,)`: each class's examples weigh the same in sum, and the mean weight is 1."""
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * np.maximum(counts, 1))).astype(np.float32)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:500]}"
