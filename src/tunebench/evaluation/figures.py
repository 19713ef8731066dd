"""Pictures of a search, drawn with matplotlib's own objects: no global state, no screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tunebench.search.records import Records

_DPI = 110
_MAX_NUMBERED_CLASSES = 20


def _new(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI)
    return path


def draw_confusion(matrix: NDArray[np.int64], classes: Sequence[str], title: str, path: Path) -> Path:
    """Confusion matrix `(true, predicted)`, shaded by the share of each true class."""
    side = max(4.5, 0.5 * len(classes) + 2)
    figure = _new(side + 0.6, side)
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
    return _save(figure, path)


def draw_curves(records: Records, objective: str, best: str, path: Path) -> Path:
    """The objective by epoch, one line a configuration, the winner's in colour."""
    figure = _new(8, 4.5)
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
    if best in points:
        axes.legend()
    axes.grid(alpha=0.3)
    return _save(figure, path)


def draw_parameters(records: Records, tuned: Sequence[str], objective: str, path: Path) -> Path:
    """The score of each configuration against each tuned parameter."""
    board = records.leaderboard(objective)
    columns = min(4, max(len(tuned), 1))
    lines = -(-len(tuned) // columns) or 1
    figure = _new(3.2 * columns, 2.8 * lines)
    for number, name in enumerate(tuned):
        axes = figure.add_subplot(lines, columns, number + 1)
        held = [record for record in board if name in record.request.values and record.result]
        values = [record.request.values[name] for record in held]
        scores = [record.result.score for record in held if record.result]
        numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        axes.plot(values if numeric else [str(v) for v in values], scores, "o", alpha=0.6)
        positive = [float(v) for v in values if numeric and isinstance(v, int | float) and v > 0]
        if len(positive) == len(values) > 1 and max(positive) / min(positive) > 30:
            axes.set_xscale("log")
        axes.set_title(name, fontsize=9)
        axes.grid(alpha=0.3)
        if number % columns == 0:
            axes.set_ylabel(objective)
    return _save(figure, path)
