"""Pitched instruments: a pitch and a voice in, one note out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float64]


@dataclass(frozen=True)
class Voice:
    """What is an artist's own in every instrument they play.

    Attributes:
        brightness: 0 (dark) to 1 (bright): how slowly harmonics fall off, how hard FM modulates.
        detune_cents: distance between the voices of an ensemble; one cent is 1/1200 of an octave.
        attack_s: time until a sustained note is at full level.
        ring_s: time in which a struck or plucked note falls by 60 dB.
        drawbars: (6,) levels of the harmonics 1, 2, 3, 4, 6 and 8 of organ and ensemble.
        tremolo_hz, tremolo: rate and depth (0 to 1) of an organ's or ensemble's swell.
        fm_ratio: modulator frequency over carrier frequency.
        pick: 0 (bridge) to 0.5 (middle): where along the string a pluck falls, which mutes some harmonics.
    """

    brightness: float
    detune_cents: float
    attack_s: float
    ring_s: float
    drawbars: tuple[float, ...]
    tremolo_hz: float
    tremolo: float
    fm_ratio: float
    pick: float


Instrument = Callable[[float, int, int, Voice, np.random.Generator], Wave]
"""`(pitch_hz, samples, sample_rate_hz, voice, rng) -> (samples,)`, about 1 at its loudest."""


def organ(pitch_hz: float, samples: int, rate_hz: int, voice: Voice, rng: np.random.Generator) -> Wave:
    """Drawbar organ: a few steady harmonics, perfectly in tune with each other."""
    return _sustain(_drawbars(pitch_hz, samples, rate_hz, voice, rng), rate_hz, voice)


def ensemble(pitch_hz: float, samples: int, rate_hz: int, voice: Voice, rng: np.random.Generator) -> Wave:
    """The organ with its own spectrum, slightly detuned and softer, below and above it.

    Only the beating tells the two instruments apart.
    """
    wave = _drawbars(pitch_hz, samples, rate_hz, voice, rng)
    for cents in (-voice.detune_cents, voice.detune_cents):
        wave += 0.25 * _drawbars(pitch_hz * 2 ** (cents / 1200), samples, rate_hz, voice, rng)
    return _sustain(wave, rate_hz, voice)


def fm(pitch_hz: float, samples: int, rate_hz: int, voice: Voice, rng: np.random.Generator) -> Wave:
    """Two-operator frequency modulation (Chowning, 1973): bells and electric pianos."""
    time_s = np.arange(samples) / rate_hz
    strike = _ring(samples, rate_hz, voice.ring_s)
    index = (0.5 + 4.0 * voice.brightness) * strike
    modulator = index * np.sin(2 * np.pi * pitch_hz * voice.fm_ratio * time_s)
    return strike * np.sin(2 * np.pi * pitch_hz * time_s + modulator)


def pluck(pitch_hz: float, samples: int, rate_hz: int, voice: Voice, rng: np.random.Generator) -> Wave:
    """Plucked string (Karplus and Strong, 1983), all periods at once.

    Each period is the one before it, passed through the loop's averaging filter. In the frequency domain
    that is a power of the filter's response; the part of the period below one sample becomes its phase.
    """
    period = rate_hz / pitch_hz
    length = int(period)
    harmonic = np.arange(length // 2 + 1)
    burst = np.fft.rfft(rng.uniform(-1.0, 1.0, length))
    burst[0] = 0.0
    burst *= np.sin(np.pi * harmonic * voice.pick) / (1 + harmonic) ** (0.9 - 0.6 * voice.brightness)
    gain = 10 ** (-3 / (pitch_hz * voice.ring_s)) * np.cos(np.pi * harmonic / length) ** 0.5
    loop = gain * np.exp(-2j * np.pi * harmonic * (period - length) / length)
    turns = np.arange(-(-samples // length))[:, None]
    string = np.fft.irfft(burst * loop**turns, n=length, axis=1)  # (periods, period)
    wave = string.reshape(-1)[:samples]
    return _release(wave / np.max(np.abs(wave)), rate_hz, 0.01)


def bass(pitch_hz: float, samples: int, rate_hz: int, voice: Voice, rng: np.random.Generator) -> Wave:
    """Synthesiser bass: a saw through a filter that the voice opens, with a slow decay."""
    harmonics = np.arange(1, 13)
    levels = 1 / harmonics ** (2.4 - 1.4 * voice.brightness)
    return _harmonics(pitch_hz, samples, rate_hz, levels, rng) * _ring(samples, rate_hz, 2.5 * voice.ring_s)


def _drawbars(pitch_hz: float, samples: int, rate_hz: int, voice: Voice, rng: np.random.Generator) -> Wave:
    levels = np.zeros(8)
    levels[[0, 1, 2, 3, 5, 7]] = voice.drawbars
    return _harmonics(pitch_hz, samples, rate_hz, levels, rng)


def _harmonics(pitch_hz: float, samples: int, rate_hz: int, levels: Wave, rng: np.random.Generator) -> Wave:
    """Harmonics 1, 2, ... at `levels`, those above the Nyquist frequency left out.

    The sum of a_h * z^h is a polynomial in z, the fundamental as a rotating complex number.
    """
    audible = levels[: max(1, int(0.48 * rate_hz / pitch_hz))]
    start = rng.uniform(0, 2 * np.pi)
    rotation = np.exp(1j * (2 * np.pi * pitch_hz / rate_hz * np.arange(samples) + start))
    total = np.zeros(samples, dtype=np.complex128)
    for level in audible[::-1]:
        total += level
        total *= rotation
    return total.imag / np.sum(audible)


def _sustain(wave: Wave, rate_hz: int, voice: Voice) -> Wave:
    """Swell with the voice's tremolo, fade in over its attack and out over the last 40 ms."""
    position_s = np.arange(len(wave)) / rate_hz
    fade_in = np.clip(position_s / voice.attack_s, 0, 1)
    swell = 1 - voice.tremolo * (0.5 + 0.5 * np.cos(2 * np.pi * voice.tremolo_hz * position_s))
    return _release(wave * fade_in * swell, rate_hz, 0.04)


def _ring(samples: int, rate_hz: int, ring_s: float) -> Wave:
    """Exponential decay by 60 dB in `ring_s`, with a fade over the last 10 ms."""
    return _release(10 ** (-3 * np.arange(samples) / rate_hz / ring_s), rate_hz, 0.01)


def _release(wave: Wave, rate_hz: int, fade_s: float) -> Wave:
    """Fade out over the last `fade_s`, so that a note that is cut off does not click."""
    left_s = np.arange(len(wave), 0, -1) / rate_hz
    return wave * np.clip(left_s / fade_s, 0, 1)


INSTRUMENTS: Mapping[str, Instrument] = {
    "organ": organ,
    "ensemble": ensemble,
    "fm": fm,
    "pluck": pluck,
    "bass": bass,
}
