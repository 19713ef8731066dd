"""How predictions are written: as text, as JSON lines, or as CSV."""

from __future__ import annotations

import csv
import json as jsonlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tunebench.serving.predictor import Prediction


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of an answer."""

    classes: tuple[str, ...]
    windows: bool
    top: int
    unsure_below: float

    def is_unsure(self, probabilities: NDArray[np.floating]) -> bool:
        """Whether the highest probability is below the threshold."""
        return bool(max(probabilities) < self.unsure_below)


class Writer(ABC):
    """Writes to standard output."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown

    @abstractmethod
    def recording(self, path: Path, prediction: Prediction) -> None:
        """One recording, with its windows if they are wanted."""

    @abstractmethod
    def window(self, start_s: float, probabilities: NDArray[np.floating]) -> None:
        """One window of a recording that is still going on."""


def writer(
    classes: Sequence[str], *, windows: bool, json: bool, csv: bool, top: int, unsure_below: float
) -> Writer:
    """The writer that the options ask for."""
    shown = Shown(tuple(classes), windows, top, unsure_below)
    if json:
        return JsonLines(shown)
    return Table(shown) if csv else Text(shown)


class Text(Writer):
    """A line a recording, the likeliest classes first."""

    def recording(self, path: Path, prediction: Prediction) -> None:
        """`path: jazz 0.812  blues 0.101`, and a line a window."""
        typer.echo(f"{path}: {self._best(prediction.probabilities)}")
        if self.shown.windows:
            for start_s, row in zip(prediction.window_starts_s, prediction.windows, strict=True):
                self.window(float(start_s), row)

    def window(self, start_s: float, probabilities: NDArray[np.floating]) -> None:
        """The same, of the window that begins there."""
        typer.echo(f"  {start_s:8.2f} s  {self._best(probabilities)}")

    def _best(self, probabilities: NDArray[np.floating]) -> str:
        classes = self.shown.classes
        order = sorted(range(len(classes)), key=lambda i: -probabilities[i])[: self.shown.top]
        told = "  ".join(f"{classes[i]} {probabilities[i]:.3f}" for i in order)
        return f"not sure ({told})" if self.shown.is_unsure(probabilities) else told


class JsonLines(Writer):
    """One object a recording."""

    def recording(self, path: Path, prediction: Prediction) -> None:
        """`path`, `label`, `confidence`, `unsure`, `probabilities` by class, and `windows` if wanted."""
        fields = {"path": str(path), **self._said(prediction.probabilities)}
        if self.shown.windows:
            fields["windows"] = [
                {"start_s": float(start_s), "probabilities": self._named(row)}
                for start_s, row in zip(prediction.window_starts_s, prediction.windows, strict=True)
            ]
        self._write(fields)

    def window(self, start_s: float, probabilities: NDArray[np.floating]) -> None:
        """The same of a window, with `start_s`."""
        self._write({"start_s": start_s, **self._said(probabilities)})

    def _said(self, probabilities: NDArray[np.floating]) -> dict[str, Any]:
        best = int(probabilities.argmax())
        return {
            "label": self.shown.classes[best],
            "confidence": float(probabilities[best]),
            "unsure": self.shown.is_unsure(probabilities),
            "probabilities": self._named(probabilities),
        }

    def _named(self, probabilities: NDArray[np.floating]) -> dict[str, float]:
        return dict(zip(self.shown.classes, map(float, probabilities), strict=True))

    @staticmethod
    def _write(fields: dict[str, Any]) -> None:
        print(jsonlib.dumps(fields), flush=True)


class Table(Writer):
    """CSV: `path`, `start_s` (empty of a whole recording), `label`, `unsure`, and a column a class."""

    def __init__(self, shown: Shown) -> None:
        super().__init__(shown)
        self._rows = csv.writer(sys.stdout, lineterminator="\n")
        self._rows.writerow(["path", "start_s", "label", "unsure", *shown.classes])

    def recording(self, path: Path, prediction: Prediction) -> None:
        """A row, or a row a window."""
        if not self.shown.windows:
            self._row(str(path), "", prediction.probabilities)
            return
        for start_s, row in zip(prediction.window_starts_s, prediction.windows, strict=True):
            self._row(str(path), f"{start_s:g}", row)

    def window(self, start_s: float, probabilities: NDArray[np.floating]) -> None:
        """A row of a recording that has no path."""
        self._row("-", f"{start_s:g}", probabilities)
        sys.stdout.flush()

    def _row(self, path: str, start_s: str, probabilities: NDArray[np.floating]) -> None:
        label = self.shown.classes[int(probabilities.argmax())]
        unsure = str(self.shown.is_unsure(probabilities)).lower()
        self._rows.writerow([path, start_s, label, unsure, *(f"{p:.6f}" for p in probabilities)])
