"""Feature vectors as nets receive them."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tunebench.frontends.vectors import Scaling, Standardise


@pytest.fixture
def vectors() -> np.ndarray:
    """`(40, 4)`: large, small, constant, and never there."""
    rng = np.random.default_rng(2)
    columns = [1e5 + 3e4 * rng.standard_normal(40), 1e-3 * rng.standard_normal(40), np.full(40, 7.5)]
    values = np.stack([*columns, np.full(40, np.nan)], axis=1).astype(np.float32)
    values[3, 0] = np.nan
    values[4, 1] = np.inf
    return values


def test_training_vectors_get_mean_0_and_deviation_1(vectors: np.ndarray) -> None:
    scaling = Scaling.fit(vectors)
    scaled = Standardise(scaling.median, scaling.mean, scaling.deviation)(vectors).numpy()
    assert np.isfinite(scaled).all()
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(scaled[:, :2].std(axis=0), 1.0, atol=1e-4)
    np.testing.assert_array_equal(scaled[:, 2:], 0.0)
    assert scaled[3, 0] == pytest.approx(
        (scaling.median[0] - scaling.mean[0]) / scaling.deviation[0], abs=1e-4
    )


def test_what_is_not_trained_on_does_not_move_it(vectors: np.ndarray) -> None:
    scaling = Scaling.fit(vectors)
    layer = Standardise(scaling.median, scaling.mean, scaling.deviation)
    alone = layer(vectors[:1]).numpy()
    np.testing.assert_array_equal(layer(np.concatenate([vectors[:1], 1e6 * vectors[1:2]])).numpy()[:1], alone)


def test_it_is_saved_with_its_statistics(vectors: np.ndarray, tmp_path) -> None:
    scaling = Scaling.fit(vectors)
    given = keras.Input((4,))
    model = keras.Model(given, Standardise(scaling.median, scaling.mean, scaling.deviation)(given))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(vectors).numpy(), model(vectors).numpy())
