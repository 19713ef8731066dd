"""Trials of scikit-learn's estimators, whose resource is the share of the training data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import has_fit_parameter

from tunebench.catalog.feasibility import branch, source_of
from tunebench.catalog.spec import Values
from tunebench.catalog.structure import Structure
from tunebench.estimators import build
from tunebench.metrics.classification import evaluate
from tunebench.seeding import child_rng
from tunebench.training.checkpoint import Progress
from tunebench.training.models import EstimatorModel, columns
from tunebench.training.pool import Pool
from tunebench.training.sides import Sides
from tunebench.training.stopwatch import Stopwatch
from tunebench.trial import EpochRecord, TrialRequest

if TYPE_CHECKING:
    from collections.abc import Callable


class Fitting:
    """Fits an estimator on `epochs_to` of `max_epochs` parts of the training side.

    A rung's parts hold those of the rung below. Nothing is kept on disk: what was lost is fitted again.
    """

    def __init__(
        self, sides: Sides, pool: Pool, *, max_epochs: int, objective: str,
        class_weights: NDArray[np.floating] | None,
    ) -> None:  # fmt: skip
        self._sides, self._pool = sides, pool
        self._max_epochs, self._objective, self._class_weights = max_epochs, objective, class_weights
        self._last: tuple[TrialRequest, EstimatorModel] | None = None

    def train(
        self,
        request: TrialRequest,
        structure: Structure,
        on_epoch: Callable[[EpochRecord], None],
        watch: Stopwatch,
    ) -> Progress:
        """Fit and evaluate once; the one epoch told of is the last."""
        with watch.phase("train"):
            model = self.fit(request, structure)
        with watch.phase("evaluate"):
            side = self._sides.validation(request.values)
            figures = evaluate(model.predict(side), side.labels, side.tracks)
        metrics = {f"val_{name}": value for name, value in figures.items()}
        record = EpochRecord(request.epochs_to, metrics)
        on_epoch(record)
        return Progress(
            epoch=record.epoch, best_epoch=record.epoch, best_score=metrics[self._objective], history=[record]
        )

    def fit(self, request: TrialRequest, structure: Structure) -> EstimatorModel:
        """The fitted estimator of a request: the same each time, from its seed."""
        if self._last is None or self._last[0] != request:
            self._last = request, self._fit(request, structure)
        return self._last[1]

    def _fit(self, request: TrialRequest, structure: Structure) -> EstimatorModel:
        values, data = request.values, self._sides.data
        indices = nested_share(
            data.split.train, data.segments.label, request.epochs_to / self._max_epochs, request.seed
        )
        side = self._sides.of(values, indices)
        frontend = self._pool.frontend(values, data.signal, structure) if of_waveforms(values) else None
        name, params = branch(values, "backbone")
        pipeline = build(name, params, request.seed)
        last, estimator = pipeline.steps[-1]
        weights: dict[str, Any] = {}
        if self._class_weights is not None and has_fit_parameter(estimator, "sample_weight"):
            weights = {f"{last}__sample_weight": self._class_weights[side.labels]}
        pipeline.fit(columns(side, frontend), side.labels, **weights)
        return EstimatorModel(pipeline, frontend, structure.classes)


def of_waveforms(values: Values) -> bool:
    """Whether an estimator stands behind a front-end, and not on feature vectors."""
    return source_of(values) == "waveform"


def nested_share(
    indices: NDArray[np.integer], labels: NDArray[np.integer], share: float, seed: int
) -> NDArray[np.integer]:
    """A share of the examples with its share of every class, at least one of each.

    A larger share of the same seed holds a smaller one.
    """
    chosen: list[NDArray[np.integer]] = []
    own = labels[indices]
    for label in np.unique(own):
        order = child_rng(seed, "share", int(label)).permutation(indices[own == label])
        chosen.append(order[: max(1, round(share * len(order)))])
    return np.sort(np.concatenate(chosen))
