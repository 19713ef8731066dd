"""What a cluster is like: its most central members, and the columns in which it differs from the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunebench.evaluation.clusters import NOISE, Labels

_LEAST_SHIFT = 0.5
"""Standard deviations from the mean of all: less is no mark of a cluster."""


def distances_to_centre(points: NDArray[np.floating], labels: Labels) -> NDArray[np.float64]:
    """Euclidean distance of each of `points` `(n, columns)` to the mean of its cluster; NaN for noise."""
    distances = np.full(len(points), np.nan)
    for cluster in range(labels.max(initial=NOISE) + 1):
        inside = labels == cluster
        distances[inside] = np.linalg.norm(points[inside] - points[inside].mean(axis=0), axis=1)
    return distances


def central(distances: NDArray[np.float64], labels: Labels, limit: int) -> list[list[int]]:
    """Positions of the `limit` members of each cluster that are nearest to its centre, nearest first."""
    order = np.argsort(distances, kind="stable")
    return [order[labels[order] == cluster][:limit].tolist() for cluster in range(labels.max(initial=-1) + 1)]


def marks(
    points: NDArray[np.floating], labels: Labels, columns: Sequence[str], limit: int = 3
) -> list[list[tuple[str, float]]]:
    """The columns in which the mean of each cluster is farthest from that of all, farthest first.

    `points` `(n, columns)` are standardised, so that shifts are in standard deviations; those under half of
    one are left out.
    """
    found: list[list[tuple[str, float]]] = []
    for cluster in range(labels.max(initial=NOISE) + 1):
        shifts = points[labels == cluster].mean(axis=0)
        farthest = np.argsort(-np.abs(shifts), kind="stable")[:limit]
        found.append(
            [(columns[int(n)], float(shifts[n])) for n in farthest if abs(shifts[n]) >= _LEAST_SHIFT]
        )
    return found
