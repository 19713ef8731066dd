"""The reliability diagram of a winner, before and after its temperature."""

from __future__ import annotations

from pathlib import Path

from tunebench.evaluation.canvas import new_figure, save_figure
from tunebench.metrics.calibration import Reliability


def draw_calibration(
    before: Reliability, after: Reliability, temperature: float, side: str, path: Path
) -> Path:
    """Accuracy against confidence of a side's segments; a point's area is its share of them."""
    figure = new_figure(5.2, 5.2)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--", label="as sure as right")
    for found, colour, name in (
        (before, "tab:grey", "as trained"), (after, "tab:blue", f"at temperature {temperature:.2f}"),
    ):  # fmt: skip
        count = sum(row.count for row in found.bins)
        axes.plot(
            [row.confidence for row in found.bins], [row.accuracy for row in found.bins], color=colour,
            linewidth=1.5, label=f"{name}: error {found.error:.3f}",
        )  # fmt: skip
        axes.scatter(
            [row.confidence for row in found.bins], [row.accuracy for row in found.bins], color=colour,
            s=[20 + 300 * row.count / count for row in found.bins], alpha=0.7,
        )  # fmt: skip
    axes.set(
        xlim=(0, 1.02), ylim=(-0.02, 1.02), xlabel="confidence", ylabel="accuracy",
        title=f"{side} segments, by confidence",
    )  # fmt: skip
    axes.legend(loc="upper left")
    axes.grid(alpha=0.3)
    return save_figure(figure, path)
