"""Tracks that can be used, and that somebody should listen to before they are trained on.

What is measured is the decoded audio of the store: mono, at the corpus's own sample rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from tunebench.audio.corpus import Corpus
from tunebench.audio.pcm import FULL_SCALE

FULL = 32_766
"""A sample of at least this size, of 32,767, is at full scale."""
RUN = 3
"""So many of them in a row are no peak any more."""
CLIPPED_RUNS = 5

FRAME_S = 0.05
SILENT_DB = -60.0
SILENT_SHARE = 0.9

EDGE_DB = 35.0
"""The level falls by so much within `EDGE_HZ`, and stays below: a filter's edge, not a sound's own end."""
EDGE_HZ = 400.0
EDGE_RANGE = (0.15, 0.9)
"""Of half the sample rate: where an edge says that the audio came from a lower sample rate."""
_N_FFT = 4096

LENGTH_FACTOR = 3.0
LENGTH_DEVIATIONS = 6.0
IMBALANCE = 3.0


class Kind(StrEnum):
    """What is suspicious of a track."""

    CLIPPED = "clipped"
    SILENT = "mostly silent"
    NARROW = "from a lower sample rate"
    LENGTH = "of unusual length"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A track, and what was measured of it."""

    kind: Kind
    path: str
    detail: str


def suspicions(corpus: Corpus, *, progress: Callable[[int, int], None] | None = None) -> list[Suspicion]:
    """What is suspicious of the tracks of a corpus, by kind and in their order.

    Raises:
        StorageError: decoded audio has been removed.
    """
    found = list(_lengths(corpus))
    for place, stored in enumerate(corpus.tracks):
        samples = corpus.read(place, 0, stored.samples)
        for kind, detail in _of_samples(samples, corpus.sample_rate_hz):
            found.append(Suspicion(kind, stored.track.path, detail))
        if progress:
            progress(place + 1, len(corpus.tracks))
    order = list(Kind)
    return sorted(found, key=lambda suspicion: order.index(suspicion.kind))


def imbalance(corpus: Corpus) -> str | None:
    """How far the classes are from being of one size, where that is far."""
    counts = np.bincount(corpus.labels, minlength=len(corpus.classes))
    if not counts.all() or counts.max() < IMBALANCE * counts.min():
        return None
    most, least = (corpus.classes[int(pick)] for pick in (counts.argmax(), counts.argmin()))
    return (
        f"{most} has {counts.max()} tracks and {least} {counts.min()}: write training.class_weights: "
        "balanced, and an objective such as val_track_macro_f1"
    )


def _of_samples(samples: NDArray[np.int16], rate_hz: int) -> Iterator[tuple[Kind, str]]:
    if (runs := clipped_runs(samples)) >= CLIPPED_RUNS:
        yield Kind.CLIPPED, f"{runs} runs of {RUN} or more samples at full scale"
    if (share := silent_share(samples, rate_hz)) > SILENT_SHARE:
        yield Kind.SILENT, f"{share:.0%} of it is below {SILENT_DB:g} dB"
    if (edge_hz := spectral_edge_hz(samples, rate_hz)) is not None:
        yield Kind.NARROW, f"nothing above {edge_hz / 1000:.1f} kHz, although it is at {rate_hz / 1000:g} kHz"


def clipped_runs(samples: NDArray[np.int16]) -> int:
    """How often at least `RUN` samples in a row are at full scale."""
    full = np.abs(samples.astype(np.int32)) >= FULL
    edges = np.flatnonzero(np.diff(np.concatenate([[False], full, [False]])))
    return int((edges[1::2] - edges[::2] >= RUN).sum())


def silent_share(samples: NDArray[np.int16], rate_hz: int) -> float:
    """The share of frames below `SILENT_DB`, against full scale."""
    length = max(1, round(FRAME_S * rate_hz))
    frames = samples[: len(samples) // length * length].reshape(-1, length).astype(np.float64) / FULL_SCALE
    if not len(frames):
        return 0.0
    power = np.maximum((frames**2).mean(axis=1), 1e-20)
    return float((10 * np.log10(power) < SILENT_DB).mean())


def spectral_edge_hz(samples: NDArray[np.int16], rate_hz: int) -> float | None:
    """Where the mean spectrum ends as a low-pass filter ends it, or None where it does not."""
    frames = samples[: len(samples) // _N_FFT * _N_FFT].reshape(-1, _N_FFT).astype(np.float64)
    if len(frames) < 2:
        return None
    power = (np.abs(np.fft.rfft(frames * np.hanning(_N_FFT), axis=1)) ** 2).mean(axis=0)
    level_db = 10 * np.log10(np.maximum(power, 1e-3))
    width = max(1, round(EDGE_HZ * _N_FFT / rate_hz / 2))
    smooth_db = uniform_filter1d(level_db, width)
    low, high = (int(share * len(smooth_db)) for share in EDGE_RANGE)
    drop_db = smooth_db[:-width] - smooth_db[width:]
    place = low + int(drop_db[low : high - width].argmax())
    loudest_above_db = smooth_db[place + width :].max()
    if smooth_db[place] - loudest_above_db < EDGE_DB:
        return None
    return (place + width / 2) * rate_hz / _N_FFT


def _lengths(corpus: Corpus) -> Iterator[Suspicion]:
    seconds = np.array([stored.samples for stored in corpus.tracks]) / corpus.sample_rate_hz
    if len(seconds) < 3:
        return
    logarithms = np.log(np.maximum(seconds, 1e-3))
    apart = np.abs(logarithms - np.median(logarithms))
    limit = max(np.log(LENGTH_FACTOR), LENGTH_DEVIATIONS * 1.4826 * float(np.median(apart)))
    for place in np.flatnonzero(apart > limit):
        detail = f"{seconds[place]:.1f} s, where the median is {np.median(seconds):.1f} s"
        yield Suspicion(Kind.LENGTH, corpus.tracks[place].track.path, detail)
