"""Mel scales and filter banks in float64.

Sources: Slaney, Auditory Toolbox (1998), linear below 1 kHz and logarithmic above;
HTK Book 3.4, section 5.4, `2595 log10(1 + f / 700)`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

MelScale = Literal["slaney", "htk"]
MelNorm = Literal["slaney", "none"]

_LINEAR_HZ_PER_MEL = 200.0 / 3.0
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequency_hz: NDArray[np.float64], scale: MelScale) -> NDArray[np.float64]:
    """Frequencies in Hz to mels."""
    frequency_hz = np.asarray(frequency_hz, np.float64)
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + frequency_hz / 700.0)
    above = _BREAK_MEL + np.log(np.maximum(frequency_hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(frequency_hz < _BREAK_HZ, frequency_hz / _LINEAR_HZ_PER_MEL, above)


def mel_to_hz(mel: NDArray[np.float64], scale: MelScale) -> NDArray[np.float64]:
    """Mels to frequencies in Hz."""
    if scale == "htk":
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ_PER_MEL, above)


def mel_filter_bank(
    *,
    sample_rate_hz: int,
    n_fft: int,
    n_mels: int,
    fmin_hz: float,
    fmax_hz: float,
    scale: MelScale = "slaney",
    norm: MelNorm = "slaney",
) -> NDArray[np.float64]:
    """Triangular filters, `(1 + n_fft // 2, n_mels)`, to be multiplied from the right.

    `norm="slaney"` gives each filter unit area per Hz; `"none"` a peak of 1.
    """
    bins_hz = np.fft.rfftfreq(n_fft, 1.0 / sample_rate_hz)
    edges_hz = _band_edges_hz(n_mels, fmin_hz, fmax_hz, scale)
    left, centre, right = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    rising = (bins_hz[:, None] - left) / (centre - left)
    falling = (right - bins_hz[:, None]) / (right - centre)
    bank = np.maximum(0.0, np.minimum(rising, falling))
    return bank * (2.0 / (right - left)) if norm == "slaney" else bank


def count_empty_filters(
    *, sample_rate_hz: int, n_fft: int, n_mels: int, fmin_hz: float, fmax_hz: float, scale: MelScale
) -> int:
    """How many filters of a bank no FFT bin falls into, without making the bank."""
    bins_hz = np.fft.rfftfreq(n_fft, 1.0 / sample_rate_hz)
    edges_hz = _band_edges_hz(n_mels, fmin_hz, fmax_hz, scale)
    first = np.searchsorted(bins_hz, edges_hz[:-2], side="right")
    behind_last = np.searchsorted(bins_hz, edges_hz[2:], side="left")
    return int(np.sum(behind_last <= first))


def _band_edges_hz(n_mels: int, fmin_hz: float, fmax_hz: float, scale: MelScale) -> NDArray[np.float64]:
    """The corners of all triangles, `(n_mels + 2,)`: each band shares two with its neighbours."""
    low, high = hz_to_mel(np.array([fmin_hz, fmax_hz]), scale)
    return mel_to_hz(np.linspace(low, high, n_mels + 2, dtype=np.float64), scale)
