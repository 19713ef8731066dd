"""Resizing against TensorFlow's own image operation."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tunebench.frontends.resize import Resize, triangle_weights


@pytest.mark.parametrize(
    ("height", "width", "out_height", "out_width"),
    [
        (128, 157, 96, 96),
        (1025, 33, 64, 64),
        (40, 63, 97, 31),
        (20, 20, 20, 20),
        (5, 7, 224, 1),
        (129, 2, 8, 16),
    ],
)
def test_equals_antialiased_bilinear(height: int, width: int, out_height: int, out_width: int) -> None:
    image = np.random.default_rng(3).random((2, height, width, 3)).astype(np.float32)
    reference = tf.image.resize(image, (out_height, out_width), method="bilinear", antialias=True).numpy()
    values = tf.transpose(image, [0, 3, 2, 1])
    resized = Resize(frames=width, bins=height, width=out_width, height=out_height)(values)
    np.testing.assert_allclose(tf.transpose(resized, [0, 3, 2, 1]).numpy(), reference, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("n_inputs", "n_outputs"), [(1, 1), (1, 9), (157, 96), (96, 157), (1025, 3)])
def test_weights(n_inputs: int, n_outputs: int) -> None:
    weights = triangle_weights(n_inputs, n_outputs)
    assert weights.shape == (n_inputs, n_outputs)
    assert weights.dtype == np.float64
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, rtol=1e-14)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-14)
    assert (weights >= 0).all()


def test_same_size_changes_nothing() -> None:
    np.testing.assert_array_equal(triangle_weights(50, 50), np.eye(50))
