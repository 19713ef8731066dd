"""Power to decibels, each example by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import tensorflow as tf

POWER_FLOOR = 1e-10
"""Smaller power counts as this much (librosa's `amin`)."""


@dataclass(frozen=True, slots=True)
class Decibels:
    """`10 log10(power)`, cut off `top_db` below the maximum of the same channel of the same example.

    `(batch, channels, frames, bins)` -> the same shape. `relative=True` takes that maximum as
    0 dB, so all values are in [-top_db, 0] and silence is 0 throughout, as with librosa's
    `power_to_db(ref=np.max)`; `relative=False` keeps the absolute level, as with `ref=1.0`.
    """

    top_db: float
    relative: bool

    def __call__(self, power: tf.Tensor) -> tf.Tensor:
        """Logarithm, reference and floor."""
        level_db = tf.math.log(tf.maximum(power, POWER_FLOOR)) * (10.0 / math.log(10.0))
        peak_db = tf.reduce_max(level_db, axis=(-2, -1), keepdims=True)
        if self.relative:
            return tf.maximum(level_db - peak_db, -self.top_db)
        return tf.maximum(level_db, peak_db - self.top_db)
