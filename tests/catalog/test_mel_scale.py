# ruff: noqa: E501 - one case a line
"""Mel scales and filter banks against librosa."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from tunebench.catalog.mel_scale import hz_to_mel, mel_filter_bank, mel_to_hz

SCALES = ["slaney", "htk"]


@pytest.mark.parametrize("scale", SCALES)
def test_scale_is_librosas_and_turns_back(scale: str) -> None:
    frequency_hz = np.concatenate([[0.0, 999.9, 1000.0, 1000.1], np.linspace(1, 22_050, 500)])
    mel = hz_to_mel(frequency_hz, scale)
    np.testing.assert_allclose(mel, librosa.hz_to_mel(frequency_hz, htk=scale == "htk"), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mel, scale), frequency_hz, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("norm", ["slaney", "none"])
@pytest.mark.parametrize(
    ("sample_rate_hz", "n_fft", "n_mels", "fmin_hz", "fmax_hz"),
    [(16_000, 2048, 128, 0.0, 8000.0), (22_050, 1024, 64, 20.0, 11_025.0), (8000, 512, 40, 125.0, 3800.0), (44_100, 4096, 256, 0.0, 22_050.0)],
)  # fmt: skip
def test_filter_bank_is_librosas(
    scale: str, norm: str, sample_rate_hz: int, n_fft: int, n_mels: int, fmin_hz: float, fmax_hz: float
) -> None:
    bank = mel_filter_bank(
        sample_rate_hz=sample_rate_hz,
        n_fft=n_fft,
        n_mels=n_mels,
        fmin_hz=fmin_hz,
        fmax_hz=fmax_hz,
        scale=scale,
        norm=norm,
    )
    reference = librosa.filters.mel(
        sr=sample_rate_hz, n_fft=n_fft, n_mels=n_mels, fmin=fmin_hz, fmax=fmax_hz, htk=scale == "htk",
        norm=None if norm == "none" else norm, dtype=np.float64,
    )  # fmt: skip
    assert bank.shape == (1 + n_fft // 2, n_mels)
    assert bank.dtype == np.float64
    np.testing.assert_allclose(bank, reference.T, rtol=1e-9, atol=1e-12)


def test_slaney_norm_gives_unit_area() -> None:
    bank = mel_filter_bank(sample_rate_hz=16_000, n_fft=16_384, n_mels=20, fmin_hz=0.0, fmax_hz=8000.0)
    np.testing.assert_allclose(bank.sum(axis=0) * 16_000 / 16_384, 1.0, rtol=1e-2)
