"""The transform without an FFT against NumPy's in float64."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tunebench.frontends.dft import power, without_fft


@pytest.mark.parametrize("n_fft", [2, 7, 64, 600, 1_536, 2_048])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_matrix_products_give_the_spectrum(n_fft, dtype):
    frames = np.random.default_rng(n_fft).normal(0, 1, (2, 3, n_fft)).astype(dtype)
    expected = np.abs(np.fft.rfft(frames.astype(np.float64))) ** 2
    with without_fft():
        found = power(tf.constant(frames), n_fft).numpy()
    assert found.dtype == dtype
    assert found.shape == expected.shape
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * expected.max())


def test_graph_holds_no_fft_and_the_next_one_does():
    def operations() -> set[str]:
        signature = tf.TensorSpec((None, 3, 256), tf.float32)
        graph = tf.function(lambda x: power(x, 256)).get_concrete_function(signature).graph
        return {operation.type for operation in graph.get_operations()}

    with without_fft():
        assert "RFFT" not in operations()
    assert "RFFT" in operations()
