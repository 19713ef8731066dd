"""Whether probabilities can be taken at their word, and one temperature that makes them so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from tunebench.metrics.classification import log_loss

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

BINS = 10
RANGE = (0.1, 10.0)
"""Temperatures that are tried: beyond them a validation side of some dozens of segments says nothing."""
_SMALLEST = 1e-30


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Segments whose confidence lies between two bounds: how sure the model was, and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins that hold any segment, and the expected calibration error: their mean gap, by count."""

    bins: tuple[ReliabilityBin, ...]
    error: float
    log_loss: float


def at_temperature(probabilities: Floats, temperature: float) -> NDArray[np.float32]:
    """Probabilities `(n, classes)` as if their logits had been divided by the temperature.

    Above 1 they become more even, below 1 more extreme. The most probable class stays.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST)) / temperature
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


def fit_temperature(probabilities: Floats, labels: Integers) -> float:
    """The temperature with the smallest cross-entropy on these segments (Guo et al. 2017).

    Args:
        probabilities: `(n, classes)`, of validation segments.
        labels: `(n,)`.
    """

    def loss(logarithm: float) -> float:
        return log_loss(at_temperature(probabilities, float(np.exp(logarithm))), labels)

    found = minimize_scalar(loss, bounds=np.log(RANGE), method="bounded")
    return round(float(np.exp(found.x)), 4)


def reliability(probabilities: Floats, labels: Integers) -> Reliability:
    """How often the most probable class is right, by how probable it was said to be.

    Args:
        probabilities: `(n, classes)`.
        labels: `(n,)`.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = tuple(
        ReliabilityBin(
            low=place / BINS,
            high=(place + 1) / BINS,
            count=int(own.sum()),
            confidence=float(confidence[own].mean()),
            accuracy=float(right[own].mean()),
        )
        for place in range(BINS)
        if (own := places == place).any()
    )
    error = sum(row.count * abs(row.confidence - row.accuracy) for row in bins) / len(labels)
    return Reliability(bins, float(error), log_loss(probabilities, labels))
