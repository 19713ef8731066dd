"""A search on one page of HTML that needs nothing beside itself: no network, no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from numpy.typing import NDArray

from tunebench.evaluation.canvas import new_figure
from tunebench.evaluation.predictions import ConfusedPair

CAPTIONS: Mapping[str, str] = {
    "curves": "The objective by epoch, one line a configuration",
    "history": "Each trial's score in the order they were begun",
    "importances": "What explains the score",
    "parameters": "The score by each tuned parameter",
    "slices": "Scores along each parameter",
    "parallel": "Each configuration across all parameters",
    "contours": "Pairs of parameters",
    "pareto": "Score against latency and size",
    "confusion": "Test tracks: true against predicted class",
    "calibration": "How often the winner is right, by how sure it is",
}
"""The pictures of a search by file name, in the order of the page."""

_MISTAKE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A track on the page: what was said of it, what the net received, and its sound."""

    path: str
    label: str
    said: str
    probability: float
    picture: str
    audio: str
    """Both as `data:` addresses; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on the page; all of it plain values."""

    summary: Mapping[str, Any]
    space: str
    command: str
    objective: str
    tuned: Sequence[str]
    board: Sequence[Mapping[str, Any]]
    pictures: Sequence[tuple[str, str]]
    """Caption and `data:` address of each."""
    confused: Sequence[ConfusedPair]
    mistakes: Sequence[Heard]
    mistakes_side: str
    examples: Sequence[Heard]


def render(page: Page) -> str:
    """The page as HTML."""
    return template("report.html.j2").render(page=page, summary=page.summary)


def template(name: str) -> Template:
    """A page's template; what it is given is escaped."""
    environment = Environment(
        loader=PackageLoader("tunebench.evaluation", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.1f}%"
    environment.filters["figure"] = _figure
    environment.filters["duration"] = _duration
    return environment.get_template(name)


def embedded_pictures(folder: Path) -> list[tuple[str, str]]:
    """The pictures of a search that are there, with their captions."""
    return [
        (caption, picture_address((folder / f"{name}.png").read_bytes()))
        for name, caption in CAPTIONS.items()
        if (folder / f"{name}.png").exists()
    ]


def picture_address(png: bytes) -> str:
    """A PNG file as a `data:` address."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def audio_address(samples: NDArray[np.int16], sample_rate_hz: int) -> str:
    """The first ten seconds of a waveform `(samples,)` as a FLAC file in a `data:` address."""
    file = io.BytesIO()
    cut = samples[: round(_MISTAKE_SECONDS * sample_rate_hz)]
    soundfile.write(file, cut, sample_rate_hz, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(file.getvalue()).decode()


def draw_input(values: NDArray[np.floating]) -> bytes:
    """What a net receives, as a PNG: an image `(height, width, channels)` or a sequence `(steps, channels)`.

    The lowest frequency is at the bottom, the first frame at the left.
    """
    figure = new_figure(2.6, 1.9)
    axes = figure.add_subplot()
    if values.ndim == 2:
        axes.plot(values[:, 0], linewidth=0.4, color="tab:blue")
        axes.margins(x=0)
    elif values.shape[-1] == 3 and not np.array_equal(values[..., 0], values[..., 1]):
        axes.imshow(np.clip(values, 0, 1), origin="lower", aspect="auto")
    else:
        axes.imshow(values[..., 0], origin="lower", aspect="auto", cmap="magma", vmin=0, vmax=1)
    axes.set_xticks([])
    axes.set_yticks([])
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    return file.getvalue()


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
