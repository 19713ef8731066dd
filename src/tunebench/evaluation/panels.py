"""A panel for each tuned parameter: the score of each configuration against its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from tunebench.catalog.spec import Values
from tunebench.evaluation.canvas import (
    draw_ticks_below,
    new_figure,
    place,
    save_figure,
    short_path,
    tuned_parameters,
)
from tunebench.evaluation.study import Point
from tunebench.search.records import Records
from tunebench.space import Space

_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class _Dot:
    values: Values
    score: float
    shade: int


def draw_parameters(records: Records, space: Space, objective: str, path: Path) -> Path:
    """The best score of each configuration against each tuned parameter, darker the longer it was trained."""
    dots = [
        _Dot(record.request.values, record.result.score, record.result.epochs_to)
        for record in records.leaderboard(objective)
        if record.result is not None and record.result.score is not None
    ]
    return _draw(dots, space, objective, "epochs trained", path)


def draw_slices(points: Sequence[Point], epochs: int, space: Space, objective: str, path: Path) -> Path:
    """The score after `epochs` against each tuned parameter, darker the later a configuration was begun."""
    dots = [_Dot(point.values, point.score, order) for order, point in enumerate(points, start=1)]
    order = "configuration, in the order they were begun"
    return _draw(dots, space, f"{objective},\nepoch {epochs}", order, path)


def _draw(dots: Sequence[_Dot], space: Space, score: str, shade: str, path: Path) -> Path:
    tuned = tuned_parameters(space)
    columns = min(_COLUMNS, max(len(tuned), 1))
    lines = -(-len(tuned) // columns) or 1
    darkest = max((dot.shade for dot in dots), default=1)
    figure = new_figure(3.2 * columns + 0.8, 2.6 * lines)
    panels: list[Axes] = []
    for number, (name, parameter) in enumerate(tuned.items()):
        axes = figure.add_subplot(lines, columns, number + 1, sharey=panels[0] if panels else None)
        held = [dot for dot in dots if name in dot.values]
        axes.scatter(
            [place(parameter, dot.values[name]) for dot in held],
            [dot.score for dot in held],
            c=[dot.shade for dot in held],
            cmap="Blues", vmin=0, vmax=darkest, edgecolors="0.3", linewidths=0.5,
        )  # fmt: skip
        draw_ticks_below(axes, parameter)
        axes.set_xlim(-0.05, 1.05)
        axes.set_title(short_path(name), fontsize=9)
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        if number % columns == 0:
            axes.set_ylabel(score)
        else:
            axes.tick_params(labelleft=False)
        panels.append(axes)
    if panels:
        shades = ScalarMappable(Normalize(0, darkest), "Blues")
        figure.colorbar(shades, ax=panels, label=shade, ticks=MaxNLocator(integer=True), aspect=40)
    return save_figure(figure, path)
