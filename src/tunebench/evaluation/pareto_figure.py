"""Score against latency, the front marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from tunebench.evaluation.canvas import new_figure, save_figure
from tunebench.evaluation.pareto import Candidate, front
from tunebench.trial import better

_AREAS = (30.0, 400.0)
"""Points squared of the smallest and the largest model."""
_OFFSETS = [(dx, dy) for distance in (9, 17, 26) for dx, dy in (
    (-distance, distance), (distance, distance), (distance, -distance), (-distance, -distance),
)]  # fmt: skip
"""Where a name may stand beside its marker, in points; the first that is free is taken."""


def draw_pareto(found: Sequence[Candidate], objective: str, path: Path) -> Path | None:
    """Each configuration's score against its latency, area by size; None where no cost was measured."""
    if not found:
        return None
    best = front(list(found), objective)
    others = [candidate for candidate in found if candidate not in best]
    figure = new_figure(8, 5)
    axes = figure.add_subplot()
    largest = max(candidate.size_mb for candidate in found)
    line = _outline(best, objective)
    axes.plot(
        [c.latency_ms for c in line], [c.score for c in line], "--", color="tab:orange", linewidth=1,
        zorder=1,
    )  # fmt: skip
    for shown, colour, label in ((others, "0.75", "beaten"), (best, "tab:orange", "Pareto front")):
        axes.scatter(
            [c.latency_ms for c in shown], [c.score for c in shown], s=_areas(shown, largest), color=colour,
            edgecolors="0.2", linewidths=0.6, alpha=0.8, label=label, zorder=2,
        )  # fmt: skip
    slowest, fastest = (f(c.latency_ms for c in found) for f in (max, min))
    if slowest > 10 * fastest:
        axes.set_xscale("log")
    axes.set(xlabel="latency of a segment (ms)", ylabel=objective)
    axes.margins(0.12)
    axes.set_title(f"area: size, the largest {largest:.3g} MB", fontsize=9, loc="left")
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    for handle in figure.legend(loc="outside upper right", ncols=2, frameon=False).legend_handles:
        if handle is not None:
            handle.set_sizes([60])  # type: ignore[attr-defined]
    figure.draw_without_rendering()  # names are placed by what is drawn
    _name(axes, best)
    return save_figure(figure, path)


def _outline(best: Sequence[Candidate], objective: str) -> list[Candidate]:
    """Those whose score no faster one reaches, fastest first; the others are on the front for their size."""
    kept: list[Candidate] = []
    for candidate in best:
        if not kept or better(objective, candidate.score, kept[-1].score):
            kept.append(candidate)
    return kept


def _areas(shown: Sequence[Candidate], largest: float) -> NDArray[np.float64]:
    least, most = _AREAS
    return np.array([least + (most - least) * c.size_mb / largest for c in shown])


def _name(axes: Axes, best: Sequence[Candidate]) -> None:
    """Write the names of the front where they hide neither a marker nor one another; else, not at all."""
    markers = axes.transData.transform([(c.latency_ms, c.score) for c in best])
    taken = [Bbox.from_bounds(x - 6, y - 6, 12, 12) for x, y in markers]
    for candidate in best:
        text: Annotation | None = None
        for dx, dy in _OFFSETS:
            text = axes.annotate(
                candidate.configuration, (candidate.latency_ms, candidate.score), (dx, dy),
                textcoords="offset points", fontsize=8, zorder=3,
                ha="left" if dx > 0 else "right", va="bottom" if dy > 0 else "top",
            )  # fmt: skip
            box = text.get_window_extent()
            inside = axes.bbox.contains(box.x0, box.y0) and axes.bbox.contains(box.x1, box.y1)
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()
