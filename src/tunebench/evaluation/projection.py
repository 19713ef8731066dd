"""Many columns as two, for a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from tunebench.seeding import child_seed

FEWEST, MOST = 12, 10_000
"""Of fewer points t-SNE has no neighbourhoods to keep; for more it takes many minutes."""
_PERPLEXITY = 30.0


@dataclass(frozen=True, slots=True)
class Projection:
    """Places `(n, 2)` of points on a map, and how they were found."""

    places: NDArray[np.float64]
    method: Literal["t-SNE", "PCA"]


@threadpool_limits.wrap(limits=1)
def project(points: NDArray[np.floating], *, seed: int) -> Projection:
    """Lay `points` `(n, columns)`, n of 2 or more, out on a plane.

    By t-SNE (van der Maaten and Hinton 2008) where there are some dozens to thousands of them: it keeps who
    is near whom, which is what clusters are made of, whereas the first two principal components of the 57
    features hold a third of the variance on the demo corpus, and draw clusters on top of each other. It
    begins with the principal components, so that the same points and seed give the same map. Distances
    between far clusters mean little on it, and its axes nothing. Very few or very many points are laid out
    by PCA.
    """
    points = np.asarray(points, np.float64)
    if points.shape[1] < 2:
        points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    if not FEWEST <= len(points) <= MOST:
        return Projection(PCA(2, random_state=0).fit_transform(points), "PCA")
    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=child_seed(seed, "map"))
    return Projection(tsne.fit_transform(points).astype(np.float64), "t-SNE")
