"""Agreement with librosa, in float64, over a grid of parameters.

Float32 may differ by 1e-4 of the clip's peak in linear spectra, 0.05 dB in log spectra and 0.05
in MFCC; the same code in float64 by 5e-4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import librosa
import numpy as np
import pytest
import tensorflow as tf

from tunebench.catalog.frontends import FRONTENDS, multi_stft_windows
from tunebench.catalog.spec import Signal, load_builder
from tunebench.frontends.stft import PowerSpectrum

Maker = Callable[[Signal], np.ndarray]

TOLERANCE = {"float32": 0.05, "float64": 5e-4}

GRIDS = [  # sample rate, samples, n_fft, hop_length
    (16000, 16000, 2048, 512),
    (16000, 16001, 512, 200),
    (22050, 15999, 1024, 441),
    (8000, 12345, 400, 160),
    (44100, 44100, 4096, 1000),
    (16000, 9999, 1000, 999),
]

MELS: list[dict[str, Any]] = [  # each on the grid of the same place
    {"n_mels": 128},
    {"n_mels": 40, "mel_scale": "htk", "mel_norm": "none"},
    {"n_mels": 80, "fmin": 30.0, "fmax": 9000.0, "mel_scale": "htk"},
    {"n_mels": 26, "fmin": 100.0, "fmax": 3500.0},
    {"n_mels": 256, "fmin": 20.0, "mel_norm": "none"},
    {"n_mels": 64, "fmax": 7999.0, "mel_scale": "htk", "mel_norm": "none"},
]

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
grids = pytest.mark.parametrize("grid", GRIDS, ids=str)
mel_grids = pytest.mark.parametrize(("grid", "mel"), list(zip(GRIDS, MELS, strict=True)), ids=str)


def ours(
    name: str, params: Mapping[str, Any], signal: Signal, waveform: np.ndarray, dtype: str
) -> np.ndarray:
    """What the row's own steps make of one waveform, `(channels, bins, frames)`."""
    row = FRONTENDS[name]
    complete = {**{spec.name: spec.default for spec in row.parameters}, **params}
    assert list(row.check(complete, signal)) == []
    spectrogram = load_builder(row.builder)(complete, signal)
    return spectrogram(tf.constant(waveform[None], dtype)).numpy()[0].transpose(0, 2, 1)


def librosa_mel_power(
    waveform: np.ndarray, sample_rate_hz: int, n_fft: int, hop_length: int, mel: Mapping[str, Any]
) -> np.ndarray:
    return librosa.feature.melspectrogram(
        y=waveform,
        sr=sample_rate_hz,
        n_fft=n_fft,
        hop_length=hop_length,
        pad_mode="constant",
        n_mels=mel["n_mels"],
        fmin=mel.get("fmin", 0.0),
        fmax=mel.get("fmax"),
        htk=mel.get("mel_scale") == "htk",
        norm=None if mel.get("mel_norm") == "none" else "slaney",
        dtype=np.float64,
    )


@dtypes
@grids
def test_linear_spectra(maker: Maker, grid: tuple[int, int, int, int], dtype: str) -> None:
    rate, samples, n_fft, hop_length = grid
    waveform = maker(Signal(rate, samples))
    reference = np.abs(librosa.stft(waveform, n_fft=n_fft, hop_length=hop_length, pad_mode="constant"))
    power = PowerSpectrum([n_fft], n_fft, hop_length)(tf.constant(waveform[None], dtype)).numpy()[0, 0].T
    np.testing.assert_allclose(np.sqrt(power), reference, rtol=0, atol=1e-4 * reference.max())
    np.testing.assert_allclose(power, reference**2, rtol=0, atol=1e-4 * (reference**2).max())


@dtypes
@grids
def test_stft(maker: Maker, grid: tuple[int, int, int, int], dtype: str) -> None:
    rate, samples, n_fft, hop_length = grid
    signal = Signal(rate, samples)
    waveform = maker(signal)
    power = np.abs(librosa.stft(waveform, n_fft=n_fft, hop_length=hop_length, pad_mode="constant")) ** 2
    reference = librosa.power_to_db(power, ref=np.max, top_db=80)
    image = ours("stft", {"n_fft": n_fft, "hop_length": hop_length}, signal, waveform, dtype)
    np.testing.assert_allclose(image[0], reference, rtol=0, atol=TOLERANCE[dtype])


@dtypes
@mel_grids
def test_mel(maker: Maker, grid: tuple[int, int, int, int], mel: dict[str, Any], dtype: str) -> None:
    rate, samples, n_fft, hop_length = grid
    signal = Signal(rate, samples)
    waveform = maker(signal)
    power = librosa_mel_power(waveform, rate, n_fft, hop_length, mel)
    image = ours("mel", {"n_fft": n_fft, "hop_length": hop_length, **mel}, signal, waveform, dtype)
    reference = librosa.power_to_db(power, ref=np.max, top_db=80)
    np.testing.assert_allclose(image[0], reference, rtol=0, atol=TOLERANCE[dtype])


@dtypes
@mel_grids
def test_mfcc(maker: Maker, grid: tuple[int, int, int, int], mel: dict[str, Any], dtype: str) -> None:
    rate, samples, n_fft, hop_length = grid
    signal = Signal(rate, samples)
    waveform = maker(signal)
    power = librosa_mel_power(waveform, rate, n_fft, hop_length, mel)
    reference = librosa.feature.mfcc(S=librosa.power_to_db(power), n_mfcc=20)
    params = {"n_mfcc": 20, "n_fft": n_fft, "hop_length": hop_length, **mel}
    image = ours("mfcc", params, signal, waveform, dtype)
    np.testing.assert_allclose(image[0], reference, rtol=0, atol=TOLERANCE[dtype])


@dtypes
@pytest.mark.parametrize("top_db", [40.0, 80.0])
def test_multi_stft(maker: Maker, signal: Signal, top_db: float, dtype: str) -> None:
    params = {"first_window": 300, "last_window": 2048, "hop_length": 256, "top_db": top_db}
    waveform = maker(signal)
    image = ours("multi_stft", params, signal, waveform, dtype)
    windows = multi_stft_windows(300, 2048)
    assert image.shape[0] == len(windows)
    for channel, window in zip(image, windows, strict=True):
        spectrum = librosa.stft(waveform, n_fft=2048, hop_length=256, win_length=window, pad_mode="constant")
        reference = librosa.power_to_db(np.abs(spectrum) ** 2, ref=np.max, top_db=top_db)
        np.testing.assert_allclose(channel, reference, rtol=0, atol=TOLERANCE[dtype])


def test_odd_fft_keeps_the_catalog_frame_count(maker: Maker) -> None:
    """librosa drops the last centred frame where n_fft is odd and the hop divides the clip."""
    signal = Signal(16000, 16000)
    waveform = maker(signal)
    image = ours("stft", {"n_fft": 501, "hop_length": 250}, signal, waveform, "float64")[0]
    power = np.abs(librosa.stft(waveform, n_fft=501, hop_length=250, pad_mode="constant")) ** 2
    assert image.shape == (251, 65)
    assert power.shape == (251, 64)
    reference = librosa.power_to_db(power, ref=np.max, top_db=80)
    np.testing.assert_allclose(image[:, :64], reference, rtol=0, atol=5e-4)
