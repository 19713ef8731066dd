"""Short signals, each hard on a spectrogram in its own way, and front-ends to try them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tunebench.catalog.spec import Signal

Maker = Callable[[Signal], np.ndarray]


def noise(signal: Signal) -> np.ndarray:
    return 0.2 * np.random.default_rng(5).standard_normal(signal.samples)


def quiet(signal: Signal) -> np.ndarray:
    return 1e-3 * noise(signal)


def tone(signal: Signal) -> np.ndarray:
    return 0.8 * np.sin(2 * np.pi * 440.0 * np.arange(signal.samples) / signal.sample_rate_hz)


def sweep(signal: Signal) -> np.ndarray:
    """From 50 Hz to the Nyquist frequency, linearly."""
    time_s = np.arange(signal.samples) / signal.sample_rate_hz
    slope = (signal.sample_rate_hz / 2 - 50.0) / time_s[-1]
    return 0.5 * np.sin(2 * np.pi * (50.0 + 0.5 * slope * time_s) * time_s)


def click(signal: Signal) -> np.ndarray:
    """One sample, close to the start, so that padding shows."""
    waveform = np.zeros(signal.samples)
    waveform[100] = 0.9
    return waveform


MAKERS = (noise, quiet, tone, sweep, click)


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def maker(request: pytest.FixtureRequest) -> Maker:
    """A function from `Signal` to one float64 waveform, `(samples,)`."""
    return request.param


@pytest.fixture(scope="session")
def signal() -> Signal:
    """One second at 16 kHz."""
    return Signal(16000, 16000)


@pytest.fixture(scope="session")
def small() -> Mapping[str, Mapping[str, Any]]:
    """Parameters for each catalog row that can be built on `signal`."""
    return {
        "mel": {"n_fft": 1024, "hop_length": 256, "n_mels": 40},
        "stft": {"n_fft": 512, "hop_length": 200},
        "multi_stft": {"first_window": 256, "last_window": 1024, "hop_length": 256},
        "mfcc": {"n_mfcc": 13, "n_fft": 1024, "hop_length": 256, "n_mels": 40},
        "waveform": {"decimation": 5},
    }


@pytest.fixture(scope="session")
def waveforms(signal: Signal) -> np.ndarray:
    """All signals as int16, `(5, samples)`."""
    stacked = np.stack([make(signal) for make in MAKERS])
    return np.round(np.clip(stacked, -1.0, 32767 / 32768) * 32768).astype(np.int16)
