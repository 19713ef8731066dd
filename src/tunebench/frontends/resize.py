"""Resizing with an antialiasing triangle filter, as two matrix products.

Each output pixel is the mean of the input pixels around it, weighted by a triangle whose
half-width is the larger of one input pixel and one output pixel. That is what Pillow's
`BILINEAR` and `tf.image.resize(antialias=True)` compute; as products of fixed matrices it
is quick, has no image operation to export, and acts on each example alone.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def triangle_weights(n_inputs: int, n_outputs: int) -> NDArray[np.float64]:
    """The weight of each input pixel in each output pixel, `(n_inputs, n_outputs)`; columns sum to 1."""
    scale = n_inputs / n_outputs
    centres = (np.arange(n_outputs) + 0.5) * scale
    pixels = np.arange(n_inputs) + 0.5
    weights = np.maximum(0.0, 1.0 - np.abs(pixels[:, None] - centres) / max(scale, 1.0))
    return weights / weights.sum(axis=0)


class Resize:
    """`(batch, channels, frames, bins)` -> `(batch, channels, width, height)`."""

    def __init__(self, *, frames: int, bins: int, width: int, height: int) -> None:
        self._over_bins = triangle_weights(bins, height)
        self._over_frames = np.ascontiguousarray(triangle_weights(frames, width).T)  # (width, frames)

    def __call__(self, values: tf.Tensor) -> tf.Tensor:
        """Contract the bins, then the frames."""
        narrow = tf.tensordot(values, tf.constant(self._over_bins, values.dtype), 1)
        return tf.matmul(tf.constant(self._over_frames, values.dtype), narrow)
