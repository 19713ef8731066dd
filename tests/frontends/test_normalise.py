"""Normalisation of examples whose values are known."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tunebench.frontends.normalise import Rescale, RescaleToExtremes, Standardise, normalisation_step


def values(*examples: list[float]) -> tf.Tensor:
    """One row an example: `(batch, 1, 1, bins)`."""
    return tf.constant(examples, tf.float32)[:, None, None, :]


def test_standard_is_half_plus_a_quarter_of_z() -> None:
    given = np.array([[-80.0, -40.0, -20.0, 0.0], [-3.0, -2.0, -1.0, 0.0]])
    z = (given - given.mean(axis=1, keepdims=True)) / given.std(axis=1, keepdims=True)
    result = Standardise(0.1)(values(*given.tolist())).numpy()[:, 0, 0]
    np.testing.assert_allclose(result, 0.5 + z / 4, atol=1e-6)


@pytest.mark.parametrize("step", [Standardise(0.1), RescaleToExtremes(0.1)])
@pytest.mark.parametrize("level", [0.0, -31.7, -1e3])
def test_constant_example_is_grey(step, level: float) -> None:
    np.testing.assert_allclose(step(values([level] * 7)).numpy(), 0.5, atol=1e-3)


def test_fixed_interval() -> None:
    result = Rescale(-80.0, 0.0)(values([-80.0, -20.0, 0.0])).numpy()
    np.testing.assert_allclose(result.ravel(), [0.0, 0.75, 1.0], atol=1e-7)


def test_extremes_are_each_example_s_own() -> None:
    result = RescaleToExtremes(0.1)(values([-10.0, 0.0, 30.0], [1.0, 2.0, 3.0])).numpy()
    np.testing.assert_allclose(result[:, 0, 0], [[0.0, 0.25, 1.0], [0.0, 0.5, 1.0]], atol=1e-6)


def test_step_for_a_mode() -> None:
    assert normalisation_step("standard", (-80.0, 0.0), 0.1) == Standardise(0.1)
    assert normalisation_step("range", (-80.0, 0.0), 0.1) == Rescale(-80.0, 0.0)
    assert normalisation_step("range", None, 0.1) == RescaleToExtremes(0.1)
