"""Groups in a matrix of vectors: k-means with a number chosen by silhouette, or HDBSCAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import silhouette_samples, silhouette_score
from sklearn.preprocessing import StandardScaler, normalize
from threadpoolctl import threadpool_limits

from tunebench.errors import InputError
from tunebench.seeding import child_seed

NOISE = -1
MOST_CLUSTERS = 20
"""Where the number of clusters is chosen, it is at most this."""
MIN_SIZE = 5
_RESTARTS = 10
_SILHOUETTE_TRACKS = 2_000
"""Numbers of clusters are compared on at most so many tracks: the silhouette takes their square."""

Matrix = NDArray[np.floating]
Labels = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Clusters:
    """A cluster for each of `n` vectors.

    `labels` `(n,)` are numbered from 0, the largest cluster first; -1 is noise, in no cluster. `silhouettes`
    `(n,)` compare, in [-1, 1], the distance to the own cluster with that to the nearest other one, among all
    vectors that are no noise; NaN for noise, and where there are fewer than two clusters. `tried` holds the
    numbers of clusters that were compared and their mean silhouettes, where the number was chosen.
    """

    labels: Labels
    silhouettes: NDArray[np.float64]
    tried: tuple[tuple[int, float], ...] = ()

    @property
    def count(self) -> int:
        """Number of clusters, without the noise."""
        return int(self.labels.max(initial=NOISE)) + 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """Vectors in each cluster."""
        return tuple(np.bincount(self.labels[self.labels != NOISE], minlength=self.count).tolist())

    @property
    def noise(self) -> int:
        """Vectors in no cluster."""
        return int(np.count_nonzero(self.labels == NOISE))

    @property
    def silhouette(self) -> float | None:
        """Mean silhouette without noise; None with fewer than two clusters."""
        known = self.silhouettes[~np.isnan(self.silhouettes)]
        return float(known.mean()) if known.size else None


def standardised(matrix: Matrix) -> NDArray[np.float64]:
    """Each column with mean 0 and variance 1; a column of one value becomes 0."""
    return np.asarray(StandardScaler().fit_transform(np.asarray(matrix, np.float64)))


def unit_length(matrix: Matrix) -> NDArray[np.float64]:
    """Each row with length 1, so that distances depend on angles alone; a row of zeros stays."""
    return np.asarray(normalize(np.asarray(matrix, np.float64)))


@threadpool_limits.wrap(limits=1)  # threads that share a busy machine cost a hundredfold on so little
def k_means(points: Matrix, count: int | None, *, seed: int) -> Clusters:
    """Cluster `points` `(n, columns)` by k-means, the best of 10 starts.

    Args:
        points: finite, in units that can be compared.
        count: number of clusters; None takes the one with the best mean silhouette, from 2 to 20.
        seed: of the starts.

    Raises:
        InputError: there are not so many different points; says how many there are.
    """
    different = _check_different(points)
    if count is None:
        numbers = range(2, min(MOST_CLUSTERS, different, len(points) - 1) + 1)
        found = {number: _k_means(points, number, seed) for number in numbers}
        tried = tuple((number, _mean_silhouette(points, found[number], seed)) for number in numbers)
        best = max(tried, key=lambda row: row[1])[0]
        return _clusters(points, found[best], tried)
    if count < 2:
        raise InputError(f"--clusters: must be 2 or more. Received: {count}.")
    if count > different:
        raise InputError(
            f"--clusters: there are only {different} different tracks. Received: {count}. "
            f"Write --clusters {different} or fewer, or add music."
        )
    return _clusters(points, _k_means(points, count, seed))


@threadpool_limits.wrap(limits=1)
def hdbscan(points: Matrix, min_size: int = MIN_SIZE) -> Clusters:
    """Cluster `points` `(n, columns)` by density; what lies in no dense place is noise.

    Raises:
        InputError: all points are the same, or fewer than a cluster must have.
    """
    _check_different(points)
    if not 2 <= min_size <= len(points):
        raise InputError(
            f"--min-size: must be from 2 to the number of tracks, {len(points)}. Received: {min_size}."
        )
    copied: Any = True  # typed by its default, a word
    return _clusters(points, np.asarray(HDBSCAN(min_size, copy=copied).fit(points).labels_, np.intp))


def _check_different(points: Matrix) -> int:
    """Number of different points, where that is enough to cluster."""
    if len(points) < 3:
        raise InputError(f"{len(points)} tracks cannot be clustered: give at least 3.")
    different = len(np.unique(points, axis=0))
    if different < 2:
        raise InputError(
            f"all {len(points)} tracks are the same to these features: give music that differs, "
            "or another --model."
        )
    return different


def _k_means(points: Matrix, count: int, seed: int) -> Labels:
    state = child_seed(seed, "k-means", count)
    starts: Any = _RESTARTS  # typed by its default, a word
    return np.asarray(KMeans(count, n_init=starts, random_state=state).fit(points).labels_, np.intp)


def _mean_silhouette(points: Matrix, labels: Labels, seed: int) -> float:
    sample = _SILHOUETTE_TRACKS if len(points) > _SILHOUETTE_TRACKS else None
    return float(
        silhouette_score(points, labels, sample_size=sample, random_state=child_seed(seed, "silhouette"))
    )


def _clusters(points: Matrix, labels: Labels, tried: tuple[tuple[int, float], ...] = ()) -> Clusters:
    labels = _by_size(labels)
    silhouettes = np.full(len(points), np.nan)
    inside = labels != NOISE
    if 2 <= labels.max(initial=NOISE) + 1 < np.count_nonzero(inside):
        silhouettes[inside] = silhouette_samples(points[inside], labels[inside])
    return Clusters(labels, silhouettes, tried)


def _by_size(labels: Labels) -> Labels:
    """The same clusters numbered anew: the largest is 0; of two as large, the one that comes first."""
    names, first, sizes = np.unique(labels[labels != NOISE], return_index=True, return_counts=True)
    renamed = np.full(len(labels), NOISE, np.intp)
    for number, position in enumerate(np.lexsort((first, -sizes))):
        renamed[labels == names[position]] = number
    return renamed
