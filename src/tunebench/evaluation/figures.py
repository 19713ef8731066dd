"""Pictures of a search: curves, importances, the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tunebench.evaluation.canvas import new_figure, save_figure
from tunebench.search.records import Records

_MAX_NUMBERED_CLASSES = 20


def draw_confusion(matrix: NDArray[np.int64], classes: Sequence[str], title: str, path: Path) -> Path:
    """Confusion matrix `(true, predicted)`, shaded by the share of each true class."""
    side = max(4.5, 0.5 * len(classes) + 2)
    figure = new_figure(side + 0.6, side)
    axes = figure.add_subplot()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(picture, ax=axes, label="share of the true class", shrink=0.8)
    axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="predicted", ylabel="true", title=title)
    if len(classes) <= _MAX_NUMBERED_CLASSES:
        for (row, column), count in np.ndenumerate(matrix):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", color=colour)
    return save_figure(figure, path)


def draw_curves(records: Records, objective: str, best: str, path: Path) -> Path:
    """The objective by epoch, one line a configuration, the winner's in colour."""
    figure = new_figure(8, 4.5)
    axes = figure.add_subplot()
    points: dict[str, dict[int, float]] = {}
    for record in records.trials.values():
        curve = points.setdefault(record.request.configuration, {})
        curve.update({epoch: r.metrics[objective] for epoch, r in record.epochs.items()})
    for configuration, curve in points.items():
        epochs = sorted(curve)
        style = {"color": "0.7", "linewidth": 1.0, "zorder": 1}
        if configuration == best:
            style = {"color": "tab:orange", "linewidth": 2.5, "zorder": 2, "label": f"winner ({best})"}
        axes.plot(epochs, [curve[e] for e in epochs], marker=".", **style)  # type: ignore[arg-type]
    axes.set(xlabel="epoch", ylabel=objective, title=f"{len(points)} configurations")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if best in points:
        axes.legend()
    axes.grid(alpha=0.3)
    return save_figure(figure, path)


def draw_importances(shares: Mapping[str, float], objective: str, path: Path) -> Path | None:
    """Bars of what each parameter explains, the largest on top; None where nothing is known of it."""
    if not shares:
        return None
    figure = new_figure(7, 0.32 * max(len(shares), 3) + 1.1)
    axes = figure.add_subplot()
    names = list(shares)[::-1]
    axes.barh(names, [shares[name] for name in names], color="tab:blue")
    axes.set(
        xlabel=f"share of the variance of {objective} (fANOVA)", xlim=(0, max([*shares.values(), 0.1]) * 1.1)
    )
    axes.grid(alpha=0.3, axis="x")
    axes.set_axisbelow(True)
    return save_figure(figure, path)
