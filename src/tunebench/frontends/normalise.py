"""Values of any unit to the nominal range [0, 1]. No example depends on another."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from tunebench.frontends.step import Step

_AXES = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Standardise:
    """Each example to `0.5 + z / 4`, z of mean 0 and deviation 1 over all its values.

    `(batch, channels, frames, bins)` -> the same shape; a constant example becomes 0.5.
    Two deviations either way fill [0, 1]; what lies beyond is not cut.
    """

    smallest_spread: float

    def __call__(self, values: tf.Tensor) -> tf.Tensor:
        """Shift and scale by the example's own moments."""
        mean = _mean(values)
        variance = _mean(tf.math.squared_difference(values, mean))
        scale = 0.25 / tf.maximum(tf.sqrt(variance), self.smallest_spread)
        return values * scale + (0.5 - mean * scale)


def _mean(values: tf.Tensor) -> tf.Tensor:
    """The mean of each example, axis by axis.

    Some runtimes add up in float32 one after another, which loses the third digit over 500,000 decibels.
    """
    for axis in reversed(_AXES):
        values = tf.reduce_mean(values, axis=axis, keepdims=True)
    return values


@dataclass(frozen=True, slots=True)
class Rescale:
    """The fixed interval `low..high` to 0..1. Silence, 0 dB below its own maximum, becomes 1."""

    low: float
    high: float

    def __call__(self, values: tf.Tensor) -> tf.Tensor:
        """Shift and scale."""
        return (values - self.low) * (1.0 / (self.high - self.low))


@dataclass(frozen=True, slots=True)
class RescaleToExtremes:
    """Each example's own smallest value to 0 and largest to 1; a constant example becomes 0.5.

    `(batch, channels, frames, bins)` -> the same shape.
    """

    smallest_spread: float

    def __call__(self, values: tf.Tensor) -> tf.Tensor:
        """Shift and scale by the example's own extremes."""
        low = tf.reduce_min(values, axis=_AXES, keepdims=True)
        high = tf.reduce_max(values, axis=_AXES, keepdims=True)
        return 0.5 + (values - 0.5 * (low + high)) / tf.maximum(high - low, self.smallest_spread)


def normalisation_step(mode: str, extent: tuple[float, float] | None, smallest_spread: float) -> Step:
    """The step for `standard` or `range`; the latter uses the fixed `extent` where there is one."""
    if mode == "standard":
        return Standardise(smallest_spread)
    return Rescale(*extent) if extent is not None else RescaleToExtremes(smallest_spread)
