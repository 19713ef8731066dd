"""Whole tracks at another pitch or speed, by librosa's phase vocoder, computed once for the store."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.pcm import FULL_SCALE, to_int16
from tunebench.catalog.augmentations import AUGMENTATIONS
from tunebench.catalog.spec import load_builder
from tunebench.catalog.variants import Variant

Waveform = NDArray[np.float32]

_WINDOW_S = 2048 / 22_050
"""librosa's own window, at the sample rate that it was chosen for."""
_PIECE_S = 120.0
"""So much is altered at once, since a vocoder takes some forty times the memory of its samples."""


def pitch_shift(waveform: Waveform, semitones: float, sample_rate_hz: int) -> Waveform:
    """`(samples,)` higher by so many semitones, of the same length."""
    import librosa  # late: it takes seconds

    n_fft = _n_fft(sample_rate_hz)
    return librosa.effects.pitch_shift(waveform, sr=sample_rate_hz, n_steps=semitones, n_fft=n_fft)


def time_stretch(waveform: Waveform, rate: float, sample_rate_hz: int) -> Waveform:
    """`(samples,)` to `(samples / rate,)`: faster by `rate`, at the same pitch."""
    import librosa

    return librosa.effects.time_stretch(waveform, rate=rate, n_fft=_n_fft(sample_rate_hz))


def altered(samples: NDArray[np.int16], variant: Variant, sample_rate_hz: int) -> Iterator[NDArray[np.int16]]:
    """A variant of a track in blocks, `variant.at(len(samples))` samples in all; what overflows is cut."""
    alter = load_builder(AUGMENTATIONS[variant.name].builder)
    piece, shortest = round(_PIECE_S * sample_rate_hz), _n_fft(sample_rate_hz)
    for start in range(0, len(samples), piece):
        whole = samples[start : start + piece]
        waveform = np.pad(whole / np.float32(FULL_SCALE), (0, max(0, shortest - len(whole))))
        block = to_int16(alter(waveform, variant.amount, sample_rate_hz))
        length = variant.at(start + len(whole)) - variant.at(start)
        yield np.pad(block[:length], (0, max(0, length - len(block))))


def _n_fft(sample_rate_hz: int) -> int:
    """The largest power of two that is no longer than the window: a click is smeared over half of it."""
    return 2 ** (round(_WINDOW_S * sample_rate_hz).bit_length() - 1)
