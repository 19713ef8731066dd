"""The usual pictures of a study: history, parallel coordinates, contours; slices are in `panels`.

Optuna's own are not used: its parallel coordinates write sixteen axes over one another, its contours run
between options that have no order, and all of them draw on pyplot's global state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tunebench.evaluation.canvas import (
    draw_ticks_below,
    is_range,
    new_figure,
    place,
    save_figure,
    short_path,
    ticks,
    tuned_parameters,
)
from tunebench.evaluation.figures import draw_importances
from tunebench.evaluation.panels import draw_slices
from tunebench.evaluation.pareto import candidates
from tunebench.evaluation.pareto_figure import draw_pareto
from tunebench.evaluation.study import Point, comparable
from tunebench.search.records import Records
from tunebench.space import Space
from tunebench.space.parameters import Parameter
from tunebench.trial import better, direction

_MOST_AXES = 12
_MOST_CONTOURS = 3
"""Parameters whose pairs are drawn."""
_FEWEST_IN_A_CONTOUR = 8
_ABSENT = -0.14
"""Where a configuration crosses the axis of a parameter that it does not have."""
_WIDTH = 0.12
"""Of the kernel that spreads a configuration's score over its neighbourhood, as a share of an axis."""
_CELLS = 60


def draw_history(records: Records, objective: str, path: Path) -> Path:
    """Each trial's score in the order they were begun, and the best so far; failed ones at the bottom."""
    figure = new_figure(8, 4.5)
    axes = figure.add_subplot()
    ended = [record.result for record in records.trials.values() if record.result is not None]
    scored = [(n, r.score, r.epochs_to) for n, r in enumerate(ended, start=1) if r.score is not None]
    failed = [n for n, result in enumerate(ended, start=1) if result.score is None]
    best: list[float] = []
    for _, score, _ in scored:
        best.append(score if not best or better(objective, score, best[-1]) else best[-1])
    numbers = [number for number, _, _ in scored]
    axes.step(numbers, best, where="post", color="tab:orange", linewidth=2, label="best so far", zorder=1)
    shown = axes.scatter(
        numbers, [score for _, score, _ in scored], c=[epochs for _, _, epochs in scored], cmap="Blues",
        norm=Normalize(0, max([epochs for _, _, epochs in scored], default=1)), edgecolors="0.3",
        linewidths=0.5, zorder=2, label="trial",
    )  # fmt: skip
    if failed:
        bottom = [0.03] * len(failed)
        across = axes.get_xaxis_transform()
        axes.plot(failed, bottom, "x", color="tab:red", transform=across, label="failed", clip_on=False)
    axes.set(xlabel="trial, in the order they were begun", ylabel=objective)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0.3, max(len(ended), 1) + 0.7)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    figure.colorbar(shown, ax=axes, label="epochs trained", ticks=MaxNLocator(integer=True))
    figure.legend(loc="outside upper right", ncols=3, frameon=False)
    return save_figure(figure, path)


def draw_parallel(
    points: Sequence[Point],
    epochs: int,
    space: Space,
    objective: str,
    shares: Mapping[str, float],
    path: Path,
) -> Path:
    """One line a configuration through its value of each tuned parameter to its score after `epochs`.

    Where there are too many parameters, those that explain most and that most configurations have are drawn.
    """
    tuned = tuned_parameters(space)
    weight = {name: (shares.get(name, 0.0), sum(name in p.values for p in points)) for name in tuned}
    kept = sorted(tuned, key=lambda name: weight[name], reverse=True)[:_MOST_AXES]
    names = [name for name in tuned if name in kept]
    figure = new_figure(1.15 * len(names) + 2.2, 4.6)
    axes = figure.add_subplot()
    norm = _norm(points)
    ranked = sorted(points, key=lambda p: p.score, reverse=direction(objective) == "min")  # the best on top
    heights = [
        [_height(name, tuned[name], point, rank / max(len(points) - 1, 1)) for name in names]
        + [float(norm(point.score))]
        for rank, point in enumerate(ranked)
    ]
    lines = LineCollection(
        [list(enumerate(row)) for row in heights],
        cmap=_cmap(objective),
        norm=norm,
        linewidths=1.4,
        alpha=0.85,
    )
    lines.set_array([point.score for point in ranked])
    axes.add_collection(lines)
    for number, name in enumerate(names):
        _draw_axis(axes, number, *ticks(tuned[name]))
    absent = any(name not in point.values for point in points for name in names)
    if absent:
        axes.text(-0.04, _ABSENT, "absent", ha="right", va="center", fontsize=8, style="italic")
    low, high = _bounds(points)
    scores = [s for s in MaxNLocator(6).tick_values(low, high) if low <= s <= high]
    _draw_axis(axes, len(names), [float(norm(s)) for s in scores], [f"{s:.3g}" for s in scores], last=True)
    titles = [*(short_path(name).replace(".", "\n") for name in names), f"{objective}\nepoch {epochs}"]
    axes.set_xticks(range(len(titles)), titles, fontsize=8)
    axes.set(xlim=(-0.7, len(names) + 0.5), ylim=((_ABSENT if absent else 0) - 0.04, 1.04), yticks=[])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return save_figure(figure, path)


def draw_contours(
    points: Sequence[Point],
    epochs: int,
    space: Space,
    objective: str,
    shares: Mapping[str, float],
    path: Path,
) -> Path | None:
    """The score over each pair of the parameters that explain most; None where too little is known.

    A shade is the mean of the configurations nearby, weighted by a Gaussian kernel along ranges; options have
    no order, so that each is a strip of its own. Where no configuration is near, it stays white.
    """
    tuned = tuned_parameters(space)
    pairs = [
        (across, up)
        for across, up in combinations([name for name in shares if name in tuned][:_MOST_CONTOURS], 2)
        if _vary_together(points, across, up)
    ]
    if not pairs:
        return None
    figure = new_figure(4.3 * len(pairs) + 1, 3.9)
    norm, cmap = _norm(points), _cmap(objective)
    panels: list[Axes] = []
    for number, (across, up) in enumerate(pairs):
        axes = figure.add_subplot(1, len(pairs), number + 1)
        held = [point for point in points if across in point.values and up in point.values]
        x, y = (np.array([place(tuned[n], p.values[n]) for p in held]) for n in (across, up))
        scores = np.array([point.score for point in held])
        (x_edges, x_near), (y_edges, y_near) = _nearness(tuned[across], x), _nearness(tuned[up], y)
        weights = np.einsum("xn,yn->yxn", x_near, y_near)
        total = weights.sum(axis=-1)
        shade = np.ma.masked_where(total < 0.1, (weights @ scores) / np.maximum(total, 1e-9))
        axes.pcolormesh(
            x_edges, y_edges, shade, cmap=cmap, norm=norm, alpha=0.8, linewidth=0, rasterized=True
        )
        if is_range(tuned[across]) and is_range(tuned[up]) and float(np.ptp(shade)) > 0:
            middles = [(edges[1:] + edges[:-1]) / 2 for edges in (x_edges, y_edges)]
            axes.contour(*middles, shade, levels=6, colors="0.3", linewidths=0.6)
        beside = (_spread(tuned[across], len(held)), _spread(tuned[up], len(held))[::-1])
        axes.scatter(
            x + beside[0], y + beside[1], c=scores, cmap=cmap, norm=norm, edgecolors="black",
            linewidths=0.6, s=22,
        )  # fmt: skip
        draw_ticks_below(axes, tuned[across])
        axes.set_yticks(*ticks(tuned[up]), fontsize=8, rotation=0 if is_range(tuned[up]) else 90, va="center")
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        axes.set_xlabel(short_path(across))
        axes.set_ylabel(short_path(up), labelpad=7)
        panels.append(axes)
    figure.colorbar(ScalarMappable(norm, cmap), ax=panels, label=f"{objective}, epoch {epochs}")
    return save_figure(figure, path)


def pictures(
    records: Records, space: Space, objective: str, shares: Mapping[str, float], folder: Path
) -> dict[str, Callable[[], Path | None]]:
    """What draws each picture of a search as a study, by name; one that says too little is not drawn."""

    def compared() -> dict[str, Any]:
        points, epochs = comparable(records, objective)
        return {"points": points, "epochs": epochs, "space": space, "objective": objective}

    return {
        "importances": lambda: draw_importances(shares, objective, folder / "importances.png"),
        "history": lambda: draw_history(records, objective, folder / "history.png"),
        "slices": lambda: draw_slices(**compared(), path=folder / "slices.png"),
        "parallel coordinates": lambda: draw_parallel(
            **compared(), shares=shares, path=folder / "parallel.png"
        ),
        "Pareto front": lambda: draw_pareto(candidates(records, objective), objective, folder / "pareto.png"),
        "contours": lambda: draw_contours(**compared(), shares=shares, path=folder / "contours.png"),
    }


def _bounds(points: Sequence[Point]) -> tuple[float, float]:
    scores = [point.score for point in points] or [0.0]
    low, high = min(scores), max(scores)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _norm(points: Sequence[Point]) -> Normalize:
    return Normalize(*_bounds(points))


def _cmap(objective: str) -> str:
    """Dark is good."""
    return "viridis" if direction(objective) == "min" else "viridis_r"


def _height(name: str, parameter: Parameter, point: Point, rank: float) -> float:
    """Where its line crosses; those of one option stand side by side, the better the higher."""
    if name not in point.values:
        return _ABSENT
    at = place(parameter, point.values[name])
    return at if is_range(parameter) else at + (rank - 0.5) * 0.45 / len(parameter.values() or ())


def _draw_axis(
    axes: Axes, number: int, places: Sequence[float], labels: Sequence[str], *, last: bool = False
) -> None:
    axes.vlines(number, 0, 1, color="0.4", linewidth=1, zorder=1)
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6}
    for at, label in zip(places, labels, strict=True):
        beside, side = (0.06, "left") if last else (-0.04, "right")
        axes.text(number + beside, at, label, ha=side, va="center", fontsize=8, bbox=box, zorder=5)


def _vary_together(points: Sequence[Point], across: str, up: str) -> bool:
    """Whether enough configurations have both parameters, and more than one value of each."""
    held = [point.values for point in points if across in point.values and up in point.values]
    return len(held) >= _FEWEST_IN_A_CONTOUR and all(
        len({values[name] for values in held}) > 1 for name in (across, up)
    )


def _nearness(
    parameter: Parameter, at: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges of the cells along an axis; how near each configuration is to each cell, `(cells, points)`."""
    if is_range(parameter):
        edges = np.linspace(0, 1, _CELLS + 1)
        middles = (edges[1:] + edges[:-1]) / 2
        return edges, np.exp(-(((middles[:, None] - at) / _WIDTH) ** 2) / 2)
    count = len(parameter.values() or ())
    edges = np.linspace(0, 1, count + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    return edges, (np.abs(middles[:, None] - at) < 0.5 / count).astype(float)


def _spread(parameter: Parameter, count: int) -> NDArray[np.float64]:
    """Small steps aside, so that configurations of one option are all seen."""
    if is_range(parameter):
        return np.zeros(count)
    steps = (np.arange(count) * 0.618034) % 1 - 0.5  # the golden ratio spreads any number evenly
    return steps * 0.7 / len(parameter.values() or ())
