"""A map of a collection: dots for tracks, coloured by cluster, and beside it by label where any are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from tunebench.evaluation.canvas import new_figure, save_figure
from tunebench.evaluation.clusters import NOISE, Clusters
from tunebench.evaluation.projection import Projection

_GREY = "0.75"
_MOST_NAMED = 18
"""So many colours can be told apart, and names read."""
_SIDE_IN = 5.6
_COLOURS = [
    matplotlib.colormaps["tab20"](colour)
    for shade in (0, 1)
    for colour in range(shade, 20, 2)
    if colour // 2 != 7  # grey is for what belongs nowhere
]


def draw_map(found: Clusters, projection: Projection, labels: Sequence[str], title: str, path: Path) -> Path:
    """Write the picture. An empty label is an unknown one; a second panel shows labels if two are known.

    Raises:
        StorageError: the folder cannot be written.
    """
    known = len({label for label in labels if label}) > 1
    figure = new_figure((_SIDE_IN + 2.0) * (1 + known), _SIDE_IN)
    axes = figure.add_subplot(1, 1 + known, 1)
    names = {cluster: f"{cluster} ({size})" for cluster, size in enumerate(found.sizes)}
    _scatter(axes, projection.places, found.labels, names, f"noise ({found.noise})")
    _number(axes, projection.places, found.labels)
    axes.set_title(title, fontsize=10)
    if known:
        sizes = Counter(label for label in labels if label)
        order = sorted(sorted(sizes, key=lambda label: -sizes[label])[:_MOST_NAMED])
        number_of = {label: number for number, label in enumerate(order)}
        numbers = np.array([number_of.get(label, NOISE) for label in labels])
        rest = "no label" if len(sizes) <= _MOST_NAMED else "other or no label"
        panel = figure.add_subplot(1, 2, 2, sharex=axes, sharey=axes)
        _scatter(panel, projection.places, numbers, dict(enumerate(order)), rest, "s")
        panel.set_title("the same tracks, coloured by label", fontsize=10)
    note = {
        "t-SNE": "t-SNE keeps who is near whom; how far clusters lie apart and the axes mean nothing",
        "PCA": "the first two principal components",
    }[projection.method]
    figure.supxlabel(note, fontsize=8, color="0.4")
    return save_figure(figure, path)


def _scatter(
    axes: Axes,
    places: NDArray[np.float64],
    groups: NDArray[np.integer],
    names: dict[int, str],
    rest: str,
    marker: str = "o",
) -> None:
    """The dots of each named group in a colour, what is in none below them in grey."""
    size = float(np.clip(9_000 / len(places), 5, 45))
    style = {"s": size, "edgecolors": "white", "linewidths": 0.3 if size > 10 else 0.0, "marker": marker}
    if (outside := groups == NOISE).any():
        axes.scatter(*places[outside].T, color=_GREY, label=rest, zorder=1, **style)  # type: ignore[arg-type]
    for group, name in names.items():
        inside = groups == group
        label = name if group < _MOST_NAMED else None
        axes.scatter(*places[inside].T, color=_COLOURS[group % len(_COLOURS)], label=label, **style)  # type: ignore[arg-type]
    axes.set(xticks=[], yticks=[])
    axes.legend(
        loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False, handletextpad=0.2,
        title=f"{_MOST_NAMED} of {len(names)}" if len(names) > _MOST_NAMED else None, title_fontsize=8,
    )  # fmt: skip


def _number(axes: Axes, places: NDArray[np.float64], labels: NDArray[np.integer]) -> None:
    """Each cluster's number at the member in its middle."""
    for cluster in range(labels.max(initial=NOISE) + 1):
        inside = places[labels == cluster]
        middle = inside[np.linalg.norm(inside - np.median(inside, axis=0), axis=1).argmin()]
        text = axes.text(
            float(middle[0]),
            float(middle[1]),
            str(cluster),
            ha="center",
            va="center",
            fontsize=11,
            fontweight="bold",
        )
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
