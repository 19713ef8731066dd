"""What pictures share: matplotlib's own objects (no global state, no screen), and parameters on an axis."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tunebench.catalog.spec import Scalar
from tunebench.errors import StorageError
from tunebench.space import Space
from tunebench.space.parameters import FloatRange, IntRange, Parameter, same

_DPI = 110
_MANY_TICKS = 6
_MOST_CHARACTERS = 24
"""Of all labels below a panel, before they are turned."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure, and make its folder.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=_DPI)
    except OSError as error:
        raise StorageError(
            f"{path}: a figure cannot be written ({error.strerror}). Free some space or make the folder "
            "writable, then run the same command again: it goes on where it stopped."
        ) from error
    return path


def tuned_parameters(space: Space) -> dict[str, Parameter]:
    """The parameters that have more than one value, by path, in the order of the file."""
    tuned = space.tuned()
    return {path: parameter for path, parameter in space.paths() if path in tuned}


def is_range(parameter: Parameter) -> bool:
    """Whether its values are numbers between two bounds, and no list of options."""
    return isinstance(parameter, IntRange | FloatRange)


def place(parameter: Parameter, value: Scalar) -> float:
    """Where a value stands between 0 and 1 along the parameter's axis; options share it evenly."""
    if not isinstance(parameter, IntRange | FloatRange):
        options = parameter.values()
        return (next(n for n, option in enumerate(options) if same(option, value)) + 0.5) / len(options)
    low, high, at = float(parameter.low), float(parameter.high), float(value)  # type: ignore[arg-type]
    if parameter.log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return 0.5 if low == high else (at - low) / (high - low)


def ticks(parameter: Parameter) -> tuple[list[float], list[str]]:
    """Places along the parameter's axis and what to write at them."""
    values = list(_tick_values(parameter))
    return [place(parameter, value) for value in values], [short(value) for value in values]


def draw_ticks_below(axes: Axes, parameter: Parameter) -> None:
    """The parameter's axis along the bottom of a panel; labels that would not fit side by side are turned."""
    places, labels = ticks(parameter)
    crowded = sum(map(len, labels)) > _MOST_CHARACTERS
    axes.set_xticks(places, labels, fontsize=8, rotation=15 if crowded else 0)


def short(value: Scalar) -> str:
    """A value in few characters."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def short_path(path: str) -> str:
    """`mel.n_fft` of `spectrogram.mel.n_fft`."""
    return path.partition(".")[2] or path


def _tick_values(parameter: Parameter) -> list[Scalar]:
    if not isinstance(parameter, IntRange | FloatRange):
        return list(parameter.values())
    low, high = float(parameter.low), float(parameter.high)
    if parameter.log:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        round_ones = _within([base * 10.0**k for k in decades for base in (1, 2, 5)], low, high)
        if len(round_ones) > _MANY_TICKS:
            round_ones = _within([10.0**k for k in decades], low, high)
    else:
        locator = MaxNLocator(4, integer=isinstance(parameter, IntRange))
        round_ones = _within([float(value) for value in locator.tick_values(low, high)], low, high)
    return [*(round_ones if len(round_ones) > 1 else dict.fromkeys((low, high)))]


def _within(values: list[float], low: float, high: float) -> list[float]:
    return [value for value in values if low <= value <= high]
