"""Feature vectors as a net receives them: gaps filled, columns of mean 0 and deviation 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scaling:
    """Median, mean and standard deviation of each column of the training data; deviation 1 where it is 0."""

    median: tuple[float, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @classmethod
    def fit(cls, vectors: NDArray[np.floating]) -> Scaling:
        """Of training vectors `(examples, columns)`, NaN where a value is missing."""
        values = np.asarray(vectors, np.float64)
        empty = ~np.isfinite(values).any(axis=0)
        median = np.nanmedian(np.where(empty, 0.0, np.where(np.isfinite(values), values, np.nan)), axis=0)
        filled = np.where(np.isfinite(values), values, median)
        deviation = filled.std(axis=0)
        constant = deviation <= 1e-7 * np.abs(filled).max(axis=0, initial=0.0)
        columns = median, filled.mean(axis=0), np.where(constant, 1.0, deviation)
        return cls(*(tuple(map(float, column)) for column in columns))


@keras.saving.register_keras_serializable(package="tunebench")
class Standardise(keras.layers.Layer):
    """Fills gaps with the column's median, then subtracts its mean and divides by its deviation.

    `(batch, columns)` float32, NaN or infinite where a value is missing -> the same shape, finite. It has no
    weights: the statistics are part of its configuration, as `Scaling.fit` found them on training data.
    """

    def __init__(
        self, median: Sequence[float], mean: Sequence[float], deviation: Sequence[float], **kwargs: Any
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        self.scaling = Scaling(tuple(median), tuple(mean), tuple(deviation))

    def call(self, vectors: tf.Tensor) -> tf.Tensor:
        """Fill and scale."""
        median, mean, deviation = (
            tf.constant(column, tf.float32)
            for column in (self.scaling.median, self.scaling.mean, self.scaling.deviation)
        )
        filled = tf.where(tf.math.is_finite(vectors), vectors, median)
        return (filled - mean) / deviation

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Same as the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The statistics, as plain values."""
        return {**super().get_config(), **asdict(self.scaling)}
