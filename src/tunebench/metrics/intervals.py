"""Bootstrap intervals over groups: segments of one group are drawn together or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebench.metrics.classification import confusion_matrix, summarise

DRAWS = 2_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its percentile bootstrap interval."""

    value: float
    low: float
    high: float


def _draws(
    groups: NDArray[np.integer], statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]], seed: int
) -> NDArray[np.float64]:
    """`statistic` of `DRAWS` resamples; it receives the weight of each example, `(examples,)`."""
    _, group_of = np.unique(groups, return_inverse=True)
    count = int(group_of.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, count, size=(DRAWS, count))
    return np.stack([statistic(np.bincount(row, minlength=count)[group_of]) for row in drawn])


def classification_intervals(
    labels: NDArray[np.integer],
    predictions: NDArray[np.integer],
    groups: NDArray[np.integer],
    classes: int,
    *,
    seed: int,
) -> dict[str, Interval]:
    """95% intervals of accuracy and the macro averages, all arguments being `(examples,)`.

    One group alone says nothing of others: then they reach from 0 to 1.
    """
    value = summarise(confusion_matrix(labels, predictions, classes))
    if len(np.unique(groups)) == 1:
        return {name: Interval(figure, 0.0, 1.0) for name, figure in value.items()}
    cell = labels.astype(np.int64) * classes + predictions

    def statistic(weights: NDArray[np.int64]) -> NDArray[np.float64]:
        matrix = np.bincount(cell, weights=weights, minlength=classes * classes)
        return np.array(list(summarise(matrix.reshape(classes, classes).astype(np.int64)).values()))

    low, high = np.quantile(_draws(groups, statistic, seed), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return {
        name: Interval(value[name], float(low[i]), float(high[i])) for i, name in enumerate(value)
    }  # fmt: skip


def paired_difference(
    correct_a: NDArray[np.integer | np.bool_],
    correct_b: NDArray[np.integer | np.bool_],
    groups: NDArray[np.integer],
    *,
    seed: int,
) -> Interval:
    """Accuracy of A less that of B on the same examples, with its 95% interval over groups.

    Of one group alone it reaches from -1 to 1.
    """
    difference = correct_a.astype(np.float64) - correct_b.astype(np.float64)
    if len(np.unique(groups)) == 1:
        return Interval(float(difference.mean()), -1.0, 1.0)

    def statistic(weights: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.array([np.average(difference, weights=weights)])

    low, high = np.quantile(_draws(groups, statistic, seed), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(difference.mean()), float(low), float(high))
