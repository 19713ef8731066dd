"""How far clusters agree with labels that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from tunebench.evaluation.clusters import NOISE, Labels


@dataclass(frozen=True, slots=True)
class Agreement:
    """Clusters against labels, over the labelled vectors alone; noise counts as a cluster of its own.

    `ari` and `ami` are the Rand index (Hubert and Arabie 1985) and the mutual information (Vinh, Epps and
    Bailey 2010), both adjusted for chance: 1 where clusters are the labels, about 0 where they are random.
    `ari_without_noise` and `ami_without_noise` leave noise out, and are None where there is none or nothing
    else. `counts` `(len(clusters), len(labels))` are the vectors of each cluster and label.
    """

    ari: float
    ami: float
    ari_without_noise: float | None
    ami_without_noise: float | None
    labels: tuple[str, ...]
    clusters: tuple[int, ...]
    counts: NDArray[np.int64]


def agreement(clusters: Labels, labels: Sequence[str]) -> Agreement | None:
    """Compare; an empty label is an unknown one. None where fewer than two different ones are known."""
    known = np.array([bool(label) for label in labels])
    names = np.array(labels)[known]
    found = np.asarray(clusters)[known]
    if len(set(names.tolist())) < 2:
        return None
    unique, label_of = np.unique(names, return_inverse=True)
    numbers, cluster_of = np.unique(found, return_inverse=True)
    counts = np.zeros((len(numbers), len(unique)), np.int64)
    np.add.at(counts, (cluster_of, label_of), 1)
    if numbers[0] == NOISE:  # after the clusters
        numbers, counts = np.roll(numbers, -1), np.roll(counts, -1, axis=0)
    inside = found != NOISE
    partly = 0 < np.count_nonzero(inside) < len(found)
    return Agreement(
        float(adjusted_rand_score(label_of, found)),
        float(adjusted_mutual_info_score(label_of, found)),
        float(adjusted_rand_score(label_of[inside], found[inside])) if partly else None,
        float(adjusted_mutual_info_score(label_of[inside], found[inside])) if partly else None,
        tuple(unique.tolist()),
        tuple(numbers.tolist()),
        counts,
    )
