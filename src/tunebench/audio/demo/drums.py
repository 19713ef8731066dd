"""Drums: a swept sine for the skin, filtered noise for everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float64]


@dataclass(frozen=True)
class Kit:
    """What is an artist's own in their drums: tuning (1 = nominal), decay (1 = nominal), noise share."""

    tuning: float
    decay: float
    noise: float


Drum = Callable[[int, Kit, np.random.Generator], Wave]
"""`(sample_rate_hz, kit, rng) -> (samples,)`, 1 at its loudest; one hit."""


def kick(rate_hz: int, kit: Kit, rng: np.random.Generator) -> Wave:
    """A sine that falls from a click to the drum's pitch."""
    time_s = _time(0.30 * kit.decay, rate_hz)
    pitch_hz = 52 * kit.tuning + 160 * np.exp(-time_s / 0.022)
    return _hit(np.sin(2 * np.pi * np.cumsum(pitch_hz) / rate_hz), time_s, 0.09 * kit.decay)


def snare(rate_hz: int, kit: Kit, rng: np.random.Generator) -> Wave:
    """A short tone under a band of noise."""
    time_s = _time(0.20 * kit.decay, rate_hz)
    tone = np.sin(2 * np.pi * 185 * kit.tuning * time_s) * np.exp(-time_s / 0.04)
    wires = _noise(len(time_s), rate_hz, 900 * kit.tuning, 6500, rng)
    return _hit((1 - kit.noise) * tone + kit.noise * wires, time_s, 0.06 * kit.decay)


def rim(rate_hz: int, kit: Kit, rng: np.random.Generator) -> Wave:
    """A dry click at the drum's edge."""
    time_s = _time(0.06 * kit.decay, rate_hz)
    tone = np.sin(2 * np.pi * 820 * kit.tuning * time_s)
    click = _noise(len(time_s), rate_hz, 1200, 4000, rng)
    return _hit((1 - 0.5 * kit.noise) * tone + 0.5 * kit.noise * click, time_s, 0.012)


def hat(rate_hz: int, kit: Kit, rng: np.random.Generator) -> Wave:
    """Closed hi-hat: a tick of high noise."""
    time_s = _time(0.06, rate_hz)
    return _hit(_noise(len(time_s), rate_hz, 4200 * kit.tuning, 7800, rng), time_s, 0.014 * kit.decay)


def open_hat(rate_hz: int, kit: Kit, rng: np.random.Generator) -> Wave:
    """Open hi-hat: the same noise, let ring."""
    time_s = _time(0.25, rate_hz)
    return _hit(_noise(len(time_s), rate_hz, 4200 * kit.tuning, 7800, rng), time_s, 0.07 * kit.decay)


def _time(length_s: float, rate_hz: int) -> Wave:
    return np.arange(int(length_s * rate_hz)) / rate_hz


def _hit(wave: Wave, time_s: Wave, decay_s: float) -> Wave:
    """Let the wave die away with the time constant `decay_s`, its peak at 1."""
    hit = wave * np.exp(-time_s / decay_s)
    return hit / (np.max(np.abs(hit)) + 1e-12)


def _noise(samples: int, rate_hz: int, low_hz: float, high_hz: float, rng: np.random.Generator) -> Wave:
    """White noise between two frequencies, its peak at 1."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequency_hz = np.fft.rfftfreq(samples, 1 / rate_hz)
    spectrum[(frequency_hz < low_hz) | (frequency_hz > high_hz)] = 0
    noise = np.fft.irfft(spectrum, n=samples)
    return noise / (np.max(np.abs(noise)) + 1e-12)


DRUMS: Mapping[str, Drum] = {"kick": kick, "snare": snare, "rim": rim, "hat": hat, "open_hat": open_hat}
