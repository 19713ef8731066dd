"""Temperatures that are known beforehand are found again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from tunebench.metrics.calibration import RANGE, at_temperature, fit_temperature, reliability
from tunebench.metrics.classification import log_loss


def honest(count: int = 20_000, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that are drawn by just their probabilities."""
    rng = np.random.default_rng(3)
    logits = 2.0 * rng.standard_normal((count, classes))
    shares = softmax(logits, axis=1)
    labels = (shares.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    return logits, labels


@pytest.mark.parametrize("planted", [0.5, 1.0, 2.0, 4.0])
def test_a_planted_temperature_is_found(planted: float) -> None:
    logits, labels = honest()
    too_sure = softmax(logits * planted, axis=1)
    assert fit_temperature(too_sure, labels) == pytest.approx(planted, rel=0.05)
    mended = at_temperature(too_sure, planted)
    np.testing.assert_allclose(mended, softmax(logits, axis=1), atol=1e-5)
    assert reliability(mended, labels).error < 0.02


def test_it_never_hurts_the_loss_it_is_fitted_on() -> None:
    logits, labels = honest(60)
    probabilities = softmax(3 * logits, axis=1)
    mended = at_temperature(probabilities, fit_temperature(probabilities, labels))
    assert log_loss(mended, labels) <= log_loss(probabilities, labels) + 1e-6


def test_the_answer_stays() -> None:
    logits, _ = honest(500)
    probabilities = softmax(logits, axis=1)
    for temperature in RANGE:
        mended = at_temperature(probabilities, temperature)
        np.testing.assert_array_equal(mended.argmax(axis=1), probabilities.argmax(axis=1))
        np.testing.assert_allclose(mended.sum(axis=1), 1.0, atol=1e-6)


def test_certainty_stays_finite() -> None:
    sure = np.eye(3, dtype=np.float32)
    assert np.isfinite(at_temperature(sure, 5.0)).all()
    assert RANGE[0] <= fit_temperature(sure, np.arange(3)) <= RANGE[1]


def test_bins_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.92, 0.08], [0.45, 0.55], [1.0, 0.0]])
    found = reliability(probabilities, np.array([0, 1, 1, 0]))
    rows = [(row.low, row.count, round(row.confidence, 4), round(row.accuracy, 4)) for row in found.bins]
    assert rows == [(0.5, 1, 0.55, 1.0), (0.9, 3, 0.9567, 0.6667)]
    assert found.error == pytest.approx((0.45 + 3 * (0.95666667 - 2 / 3)) / 4)
