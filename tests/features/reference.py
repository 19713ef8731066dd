"""The same figures from their definitions, in NumPy alone: run it to write `golden.json` anew.

    python tests/features/reference.py

It shares no code with librosa. Where librosa's documentation leaves a choice open (padding, ties, the
prior of the tempo), the choice is written out here.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

RATE_HZ, N_FFT, HOP, N_MELS, N_MFCC = 22_050, 2048, 512, 128, 20
GOLDEN = Path(__file__).with_name("golden.json")
TINY = np.finfo(np.float32).tiny


def signals() -> dict[str, np.ndarray]:
    """Three sounds of four seconds, `(samples,)` in [-1, 1], the same on every machine."""
    time_s = np.arange(4 * RATE_HZ) / RATE_HZ
    rng = np.random.RandomState(5)  # its stream is frozen for ever
    noise = rng.standard_normal(len(time_s))
    chord = sum(np.sin(2 * np.pi * hz * time_s) / n for n, hz in enumerate((220.0, 277.2, 329.6, 440.0), 1))
    beat = np.exp(-30 * np.mod(time_s, 0.5))  # 120 a minute
    sweep = np.sin(2 * np.pi * (100 * time_s + 800 * time_s**2))
    return {
        "chord and drums": 0.2 * chord + 0.3 * beat * noise,
        "sweep in noise": 0.4 * sweep + 0.05 * noise,
        "quick drums": 0.5 * np.exp(-40 * np.mod(time_s, 60 / 152)) * noise + 0.01 * noise,
    }


def hann(length: int) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def frames(y: np.ndarray, length: int = N_FFT, hop: int = HOP, mode: str = "constant") -> np.ndarray:
    """Centred frames, `(length, count)`."""
    padded = np.pad(y, length // 2, mode=mode)
    count = 1 + (len(padded) - length) // hop
    return np.stack([padded[i * hop : i * hop + length] for i in range(count)], axis=1)


def stft(y: np.ndarray) -> np.ndarray:
    return np.fft.rfft(frames(y) * hann(N_FFT)[:, None], axis=0)


def istft(transform: np.ndarray, length: int) -> np.ndarray:
    """Least-squares inverse: windowed overlap-add over the sum of squared windows."""
    window, count = hann(N_FFT), transform.shape[1]
    total = np.zeros(N_FFT + HOP * (count - 1))
    weight = np.zeros_like(total)
    for i, frame in enumerate(np.fft.irfft(transform, N_FFT, axis=0).T):
        total[i * HOP : i * HOP + N_FFT] += frame * window
        weight[i * HOP : i * HOP + N_FFT] += window**2
    whole = np.where(weight > TINY, total / np.maximum(weight, TINY), total)[N_FFT // 2 :]
    return np.pad(whole, (0, max(0, length - len(whole))))[:length]


def median_along(values: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Running median, mirrored at the ends with the edge repeated."""
    half = size // 2
    pad = [(half, half) if i == axis else (0, 0) for i in range(2)]
    padded = np.pad(values, pad, mode="symmetric")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, size, axis=axis), axis=-1)


def soft_mask(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Share of `one` in the squares of both, a half where there is nothing."""
    peak = np.maximum(one, other)
    nothing = peak < TINY
    scale = np.where(nothing, 1.0, peak)
    first, second = (one / scale) ** 2, (other / scale) ** 2
    return np.where(nothing, 0.5, first / np.where(nothing, 1.0, first + second))


def harmonic_and_percussive(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fitzgerald 2010: medians over 31 frames and over 31 bins."""
    transform = stft(y)
    level = np.abs(transform)
    steady, sudden = median_along(level, 31, 1), median_along(level, 31, 0)
    masks = soft_mask(steady, sudden), soft_mask(sudden, steady)
    harmonic, percussive = (istft(transform * mask, len(y)) for mask in masks)
    return harmonic, percussive


def octaves(hz: np.ndarray, tuning: float = 0.0) -> np.ndarray:
    """Octaves above the A of 27.5 Hz, for a tuning in semitones."""
    return np.log2(hz / (27.5 * 2 ** (tuning / 12)))


def tuning_of(power: np.ndarray) -> float:
    """The commonest distance of spectral peaks from equal temperament, in semitones."""
    bin_hz = np.arange(power.shape[0]) * RATE_HZ / N_FFT
    above, below = power[2:] - power[1:-1], power[1:-1] - power[:-2]
    slope, curve = (above + below) / 2, above - below
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = np.where(np.abs(slope) >= np.abs(curve), 0.0, -slope / curve)
    shift = np.zeros_like(power)
    shift[1:-1] = inner
    height = power + 0.5 * np.gradient(power, axis=0) * shift
    loud = np.where(power > 0.1 * power.max(axis=0), power, 0.0)
    peak = np.zeros(power.shape, bool)
    peak[1:-1] = (loud[1:-1] > loud[:-2]) & (loud[1:-1] >= loud[2:])
    peak[-1] = loud[-1] > loud[-2]
    peak &= ((bin_hz >= 150) & (bin_hz < 4000))[:, None]
    rows, columns = np.nonzero(peak)
    pitch_hz = (rows + shift[rows, columns]) * RATE_HZ / N_FFT
    heights = height[rows, columns]
    kept = pitch_hz[(heights >= np.median(heights[pitch_hz > 0])) & (pitch_hz > 0)]
    residual = np.mod(12 * octaves(kept), 1.0)
    residual = np.where(residual >= 0.5, residual - 1.0, residual)
    counts, edges = np.histogram(residual, np.linspace(-0.5, 0.5, 101))
    return float(edges[np.argmax(counts)])


def chroma(power: np.ndarray) -> np.ndarray:
    """Energy of the twelve pitch classes over the largest of each frame, `(12, frames)` (Ellis 2007)."""
    hz = np.arange(1, N_FFT) * RATE_HZ / N_FFT
    place = 12 * octaves(hz, tuning_of(power))
    place = np.concatenate([[place[0] - 18], place])
    width = np.concatenate([np.maximum(np.diff(place), 1.0), [1.0]])
    distance = np.remainder(place - np.arange(12)[:, None] + 6 + 120, 12) - 6
    bank = np.exp(-0.5 * (2 * distance / width) ** 2)
    bank /= np.sqrt(np.sum(bank**2, axis=0))
    bank *= np.exp(-0.5 * ((place / 12 - 5) / 2) ** 2)
    bank = np.roll(bank, -3, axis=0)[:, : 1 + N_FFT // 2]  # from A first to C first
    raw = bank @ power
    return raw / np.maximum(raw.max(axis=0), TINY)


def slaney_mel(hz: np.ndarray) -> np.ndarray:
    return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1000) / 1000) / np.log(6.4))


def mel_bank() -> np.ndarray:
    """Triangles of unit area, `(bands, bins)`."""
    fine_hz = np.linspace(0, RATE_HZ / 2, 2_000_001)
    corners = np.interp(
        np.linspace(0, slaney_mel(np.array([RATE_HZ / 2]))[0], N_MELS + 2), slaney_mel(fine_hz), fine_hz
    )
    hz = np.arange(1 + N_FFT // 2) * RATE_HZ / N_FFT
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    up, down = (hz - low) / (middle - low), (high - hz) / (high - middle)
    return np.clip(np.minimum(up, down), 0, None) * 2 / (high - low)


def mel_db(power: np.ndarray) -> np.ndarray:
    level = 10 * np.log10(np.maximum(mel_bank() @ power, 1e-10))
    return np.maximum(level, level.max() - 80)


def mfcc(power: np.ndarray) -> np.ndarray:
    """Orthonormal DCT-II of the mel levels, `(20, frames)`."""
    place = np.pi * (np.arange(N_MELS) + 0.5) / N_MELS
    matrix = np.sqrt(2 / N_MELS) * np.cos(np.outer(np.arange(N_MFCC), place))
    matrix[0] /= np.sqrt(2)
    return matrix @ mel_db(power)


def tempo(power: np.ndarray) -> float:
    """The lag of the strongest autocorrelation of spectral flux, weighed by a prior around 120 a minute."""
    flux = np.maximum(np.diff(mel_db(power), axis=1), 0).mean(axis=0)
    late = 1 + N_FFT // (2 * HOP)  # the flux of the centred frames, and one frame to compare with
    flux = np.pad(flux, (late, 0))[: power.shape[1]]
    window = int(8.0 * RATE_HZ) // HOP  # 8 s
    padded = np.pad(flux, window // 2, mode="linear_ramp")
    taper, total = hann(window), np.zeros(window)
    for i in range(len(flux)):
        part = padded[i : i + window] * taper
        spectrum = np.fft.rfft(part, 2 * window)
        lags = np.fft.irfft(np.abs(spectrum) ** 2)[:window]
        total += lags / (np.abs(lags).max() or 1.0)
    mean = total / len(flux)
    with np.errstate(divide="ignore"):
        bpm = 60 * RATE_HZ / (HOP * np.arange(window))
        prior = -0.5 * (np.log2(bpm) - np.log2(120)) ** 2
    prior[bpm >= 320] = -np.inf
    return float(bpm[np.argmax(np.log1p(1e6 * mean) + prior)])


def crossings(y: np.ndarray) -> np.ndarray:
    """Share of samples in each frame that differ in sign from the one before."""
    negative = frames(y, mode="edge") < 0
    return np.mean(negative[1:] != negative[:-1], axis=0) * (N_FFT - 1) / N_FFT


def summary(y: np.ndarray) -> list[float]:
    """All 57 figures in the order of the public tables."""
    level = np.abs(stft(y))
    power = level**2
    hz = (np.arange(1 + N_FFT // 2) * RATE_HZ / N_FFT)[:, None]
    share = level / np.maximum(level.sum(axis=0), TINY)
    centroid = np.sum(share * hz, axis=0)
    bandwidth = np.sqrt(np.sum(share * (hz - centroid) ** 2, axis=0))
    below = np.cumsum(level, axis=0)
    rolloff = hz[np.argmax(below >= 0.85 * below[-1], axis=0), 0]
    rms = np.sqrt(np.mean(frames(y) ** 2, axis=0))
    values = [chroma(power), rms, centroid, bandwidth, rolloff, crossings(y), *harmonic_and_percussive(y)]
    found = [float(moment) for v in values for moment in (np.mean(v), np.var(v))]
    found.append(tempo(power))
    return found + [float(moment) for row in mfcc(power) for moment in (np.mean(row), np.var(row))]


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: summary(y) for name, y in signals().items()}, indent=1) + "\n")
