"""A spectrogram as a picture in the colours of the sox program."""

from __future__ import annotations

import math

import tensorflow as tf


def sox_colours(image: tf.Tensor) -> tf.Tensor:
    """`(batch, height, width, 1)` in [0, 1] to red, green and blue `(batch, height, width, 3)` in [0, 1].

    The default palette of `sox -n spectrogram`: black, blue, purple, red, yellow, white. What lies beyond
    [0, 1] is cut.

    Source: the manual of sox 14.4.2 and the curves that its pictures were measured to have.
    """
    level = tf.clip_by_value(image, 0.0, 1.0)
    red = _quarter_sine(level, 0.13, 0.73)
    green = _quarter_sine(level, 0.60, 0.91)
    blue_low = 0.5 * tf.sin(math.pi * tf.minimum(level, 0.60) / 0.60)
    blue_high = tf.maximum(level - 0.78, 0.0) / 0.22
    return tf.concat([red, green, blue_low + blue_high], axis=-1)


def _quarter_sine(level: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """0 up to `low`, 1 from `high` on, and a quarter of a sine between."""
    share = tf.clip_by_value((level - low) / (high - low), 0.0, 1.0)
    return tf.sin(share * (math.pi / 2))
