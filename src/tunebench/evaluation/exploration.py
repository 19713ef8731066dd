"""A corpus on one page: its pictures, and the features that tell its classes apart."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import librosa
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_selection import f_classif

from tunebench.audio.audit import Audit
from tunebench.audio.pcm import FULL_SCALE
from tunebench.evaluation.canvas import new_figure
from tunebench.evaluation.report import template

SHOWN_FEATURES = 8
_N_FFT, _HOP_LENGTH = 1024, 256
_TOP_DB = 80.0


@dataclass(frozen=True, slots=True)
class Example:
    """A track to look at and to listen to; picture and sound are `data:` addresses."""

    path: str
    label: str
    seconds: float
    picture: str
    audio: str


@dataclass(frozen=True, slots=True)
class Exploration:
    """What stands on the page. `durations` and `features` are `data:` addresses of pictures."""

    name: str
    audit: Audit
    examples: Sequence[Example]
    durations: str
    features: Sequence[str]
    measured: int
    """Tracks that the features were computed of."""
    command: str


def render_exploration(page: Exploration) -> str:
    """The page as HTML; it needs nothing beside itself."""
    suspicions: dict[str, list[Any]] = {}
    for suspicion in page.audit.suspicions:
        suspicions.setdefault(str(suspicion.kind), []).append(suspicion)
    return template("exploration.html.j2").render(page=page, audit=page.audit, suspicions=suspicions)


def draw_track(samples: NDArray[np.int16], rate_hz: int) -> bytes:
    """Waveform above log-power spectrogram of a track `(samples,)`, as a PNG."""
    waveform = samples / np.float32(FULL_SCALE)
    figure = new_figure(3.0, 2.6)
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 2]})
    seconds = len(waveform) / rate_hz
    above.plot(np.linspace(0, seconds, len(waveform)), waveform, linewidth=0.3, color="tab:blue")
    above.set(ylim=(-1, 1), yticks=[])
    padded = np.pad(waveform, (0, max(0, _N_FFT - len(waveform))))
    power = np.abs(librosa.stft(padded, n_fft=_N_FFT, hop_length=_HOP_LENGTH)) ** 2
    level_db = librosa.power_to_db(power, ref=np.max, top_db=_TOP_DB)
    extent = (0.0, seconds, 0.0, rate_hz / 2000)
    below.imshow(level_db, origin="lower", aspect="auto", cmap="magma", extent=extent, vmin=-_TOP_DB, vmax=0)
    below.set(xlabel="s", ylabel="kHz")
    return _png(figure)


def draw_durations(seconds: Mapping[str, Sequence[float]]) -> bytes:
    """Durations (s) of the tracks of each class as boxes, as a PNG."""
    figure = new_figure(8, max(2.0, 0.35 * len(seconds) + 1))
    axes = figure.add_subplot()
    axes.boxplot(list(seconds.values()), orientation="horizontal", tick_labels=list(seconds), widths=0.6)
    axes.invert_yaxis()
    axes.set(xlabel="duration of a track (s)")
    axes.grid(axis="x", alpha=0.3)
    return _png(figure)


def telling(values: NDArray[np.floating], labels: NDArray[np.integer]) -> list[tuple[int, float]]:
    """Columns and their F in a one-way analysis of variance over the classes, the largest first.

    Args:
        values: `(tracks, columns)`, finite.
        labels: `(tracks,)`.
    """
    varied = np.flatnonzero(values.std(axis=0) > 0)
    figures, _ = f_classif(values[:, varied], labels)
    order = np.argsort(-np.nan_to_num(figures), kind="stable")
    return [(int(varied[place]), float(figures[place])) for place in order]


def draw_features(
    values: NDArray[np.floating], labels: NDArray[np.integer], columns: Sequence[str], classes: Sequence[str]
) -> list[bytes]:
    """The features that tell the classes apart best, a PNG each with a box a class."""
    return [
        _draw_feature(
            [values[labels == place, column] for place in range(len(classes))], classes,
            f"{columns[column]}, F = {f_value:.0f}",
        )
        for column, f_value in telling(values, labels)[:SHOWN_FEATURES]
    ]  # fmt: skip


def _draw_feature(boxes: Sequence[NDArray[np.floating]], classes: Sequence[str], title: str) -> bytes:
    figure = new_figure(4.2, max(2.2, 0.28 * len(classes) + 0.8))
    axes = figure.add_subplot()
    axes.boxplot(list(boxes), orientation="horizontal", tick_labels=list(classes), widths=0.6)
    axes.invert_yaxis()
    axes.set_title(title, fontsize=10)
    axes.tick_params(labelsize=8)
    return _png(figure)


def _png(figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    return file.getvalue()
