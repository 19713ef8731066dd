"""A recording's probabilities over time, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tunebench.evaluation.canvas import new_figure, save_figure
from tunebench.serving.predictor import Prediction

_DRAWN = 5
_STYLES = ("-", "--", "-.", ":", (0, (1, 3)))


def draw_timeline(prediction: Prediction, window_s: float, title: str, path: Path) -> Path:
    """Draw the classes that are likeliest anywhere, a point a window, at its middle.

    Raises:
        StorageError: the file cannot be written.
    """
    figure = new_figure(9.0, 3.2)
    axes = figure.add_subplot()
    middle_s = prediction.window_starts_s + window_s / 2
    order = np.argsort(-prediction.windows.max(axis=0), kind="stable")[:_DRAWN]
    for style, place in zip(_STYLES, order, strict=False):
        axes.plot(middle_s, prediction.windows[:, place], linestyle=style, marker="o", markersize=3,
                  label=prediction.classes[place])  # fmt: skip
    axes.set(xlabel="time (s)", ylabel="probability", ylim=(0.0, 1.0), title=title)
    axes.set_xlim(0.0, float(prediction.window_starts_s[-1]) + window_s)
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return save_figure(figure, path)
