"""Pictures of a search, drawn with matplotlib's own objects: no global state, no screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tunebench.catalog.spec import Scalar
from tunebench.errors import StorageError
from tunebench.search.records import Records
from tunebench.space import Space
from tunebench.space.parameters import FloatRange, IntRange, Parameter, same

_DPI = 110
_EPOCHS = "Blues"
_MAX_NUMBERED_CLASSES = 20


def _new(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=_DPI)
    except OSError as error:
        raise StorageError(
            f"{path}: a figure cannot be written ({error.strerror}). Free some space or make the folder "
            "writable, then run the same command again: it goes on where it stopped."
        ) from error
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
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if best in points:
        axes.legend()
    axes.grid(alpha=0.3)
    return _save(figure, path)


def draw_importances(shares: Mapping[str, float], objective: str, path: Path) -> Path:
    """Bars of what each parameter explains, the largest on top."""
    figure = _new(7, 0.32 * max(len(shares), 3) + 1.1)
    axes = figure.add_subplot()
    names = list(shares)[::-1]
    axes.barh(names, [shares[name] for name in names], color="tab:blue")
    axes.set(
        xlabel=f"share of the variance of {objective} (fANOVA)", xlim=(0, max([*shares.values(), 0.1]) * 1.1)
    )
    axes.grid(alpha=0.3, axis="x")
    axes.set_axisbelow(True)
    return _save(figure, path)


def draw_parameters(records: Records, space: Space, objective: str, path: Path) -> Path:
    """The best score of each configuration against each tuned parameter, darker the longer it was trained."""
    board = [
        (record.request.values, record.result.score, record.result.epochs_to)
        for record in records.leaderboard(objective)
        if record.result is not None and record.result.score is not None
    ]
    longest = max((epochs for _, _, epochs in board), default=1)
    tuned = [(name, parameter) for name, parameter in space.paths() if name in space.tuned()]
    columns = min(4, max(len(tuned), 1))
    lines = -(-len(tuned) // columns) or 1
    figure = _new(3.2 * columns + 0.8, 2.6 * lines)
    panels: list[Axes] = []
    for number, (name, parameter) in enumerate(tuned):
        axes = figure.add_subplot(lines, columns, number + 1, sharey=panels[0] if panels else None)
        _scale(axes, parameter)
        held = [row for row in board if name in row[0]]
        axes.scatter(
            [_position(parameter, values[name]) for values, _, _ in held],
            [score for _, score, _ in held],
            c=[epochs for _, _, epochs in held],
            cmap=_EPOCHS, vmin=0, vmax=longest, edgecolors="0.3", linewidths=0.5,
        )  # fmt: skip
        axes.set_title(name, fontsize=9)
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        if number % columns == 0:
            axes.set_ylabel(objective)
        panels.append(axes)
    if panels:
        shades = ScalarMappable(Normalize(0, longest), _EPOCHS)
        figure.colorbar(shades, ax=panels, label="epochs trained", ticks=MaxNLocator(integer=True), aspect=40)
    return _save(figure, path)


def _scale(axes: Axes, parameter: Parameter) -> None:
    """The parameter's range as it was searched; options stand side by side."""
    if not isinstance(parameter, IntRange | FloatRange):
        options = parameter.values()
        axes.set_xticks(range(len(options)), [str(option) for option in options])
        axes.set_xlim(-0.5, len(options) - 0.5)
    elif parameter.log:
        axes.set_xscale("log")
        axes.set_xlim(parameter.low / 1.15, parameter.high * 1.15)
    else:
        margin = 0.05 * (parameter.high - parameter.low)
        axes.set_xlim(parameter.low - margin, parameter.high + margin)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=isinstance(parameter, IntRange)))


def _position(parameter: Parameter, value: Scalar) -> float:
    if isinstance(parameter, IntRange | FloatRange):
        return float(value)  # type: ignore[arg-type]
    return next(place for place, option in enumerate(parameter.values()) if same(option, value))
