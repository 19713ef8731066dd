"""Whether what a model hears and answers still looks like what it was measured on.

The statistics are histograms, so that a reference is some dozens of numbers, and the distance between two is
the population stability index: the sum over bins of `(p - q) ln(p / q)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebench.errors import DataError

_LEVELS_DBFS = np.arange(-72.0, 1.0, 8.0)
_CROSSINGS = np.array([0.0, 0.01, 0.02, 0.04, 0.06, 0.09, 0.13, 0.19, 0.28, 1.0])
_CONFIDENCES = np.linspace(0.0, 1.0, 11)
_EDGES: Mapping[str, NDArray[np.float64]] = {
    "level_dbfs": _LEVELS_DBFS,
    "zero_crossings": _CROSSINGS,
    "confidence": _CONFIDENCES,
}
"""Bounds of the bins: RMS level in dB of full scale, sign changes per sample, and the highest probability."""

CLASS = "class"
STATISTICS = (*_EDGES, CLASS)
STABLE = 0.25
"""An index above this is called a drift in the field, once what sampling alone gives is taken off."""

ENOUGH = 100
"""Windows that must have been heard before anything is said."""


def measure(
    waveforms: NDArray[np.floating], probabilities: NDArray[np.floating]
) -> dict[str, NDArray[np.intp]]:
    """The bin of each window under each statistic, `(windows,)`.

    Args:
        waveforms: `(windows, samples)` in [-1, 1].
        probabilities: `(windows, classes)`.
    """
    samples = waveforms.shape[1]
    power = np.einsum("ij,ij->i", waveforms, waveforms) / samples
    negative = np.signbit(waveforms)
    crossings = np.count_nonzero(negative[:, 1:] != negative[:, :-1], axis=1)
    values = {
        "level_dbfs": 10.0 * np.log10(np.maximum(power, 1e-10)),
        "zero_crossings": crossings / samples,
        "confidence": probabilities.max(axis=1),
    }
    bins = {
        name: np.clip(np.searchsorted(edges, values[name], side="right") - 1, 0, len(edges) - 2)
        for name, edges in _EDGES.items()
    }
    return bins | {CLASS: probabilities.argmax(axis=1)}


def reference(waveforms: NDArray[np.floating], probabilities: NDArray[np.floating]) -> dict[str, list[int]]:
    """Counts a bin of each statistic, of windows that the model was measured on."""
    sizes = bin_counts(probabilities.shape[1])
    found = measure(waveforms, probabilities)
    return {name: np.bincount(found[name], minlength=sizes[name]).tolist() for name in STATISTICS}


def bin_counts(classes: int) -> dict[str, int]:
    """How many bins each statistic has."""
    return {name: len(edges) - 1 for name, edges in _EDGES.items()} | {CLASS: classes}


@dataclass(frozen=True, slots=True)
class Drift:
    """One statistic: its usual and its recent mean (or most frequent class), and how far apart they are."""

    name: str
    reference: str
    recent: str
    distance: float
    drifted: bool


def compare(
    usual: Mapping[str, Sequence[int]], recent: Mapping[str, Sequence[int]], classes: Sequence[str]
) -> list[Drift]:
    """Compare two sets of counts, one statistic after another.

    Raises:
        DataError: the reference is of other bins.
    """
    found = []
    for name, bins in bin_counts(len(classes)).items():
        before, after = np.asarray(usual.get(name, ()), float), np.asarray(recent[name], float)
        if len(before) != bins or not before.sum():
            raise DataError(f"the bundle's reference of {name} has {len(before)} bins, and {bins} are needed")
        distance = stability_index(before, after)
        by_chance = (bins - 1) * (1.0 / before.sum() + 1.0 / max(after.sum(), 1.0))
        found.append(
            Drift(
                name, _typical(name, before, classes), _typical(name, after, classes), distance,
                bool(after.sum() >= ENOUGH and distance > STABLE + by_chance),
            )
        )  # fmt: skip
    return found


def stability_index(before: NDArray[np.floating], after: NDArray[np.floating]) -> float:
    """The population stability index of two histograms `(bins,)`, half a count added to each bin."""
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (before, after))
    return float(np.sum((q - p) * np.log(q / p)))


def _typical(name: str, counts: NDArray[np.floating], classes: Sequence[str]) -> str:
    if not counts.sum():
        return "nothing yet"
    if name == CLASS:
        most = int(counts.argmax())
        return f"{classes[most]} in {counts[most] / counts.sum():.0%}"
    edges = _EDGES[name]
    middle = float(np.average((edges[:-1] + edges[1:]) / 2, weights=counts))
    return f"{middle:.1f} dB" if name == "level_dbfs" else f"{middle:.2f}"


def empty(classes: int) -> dict[str, Any]:
    """Counts of nothing heard."""
    return {name: [0] * size for name, size in bin_counts(classes).items()}
