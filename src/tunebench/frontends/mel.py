"""The log-mel spectrogram."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.catalog.frontends import fmax_hz
from tunebench.catalog.mel_scale import mel_filter_bank
from tunebench.catalog.spec import Parameters, Signal
from tunebench.frontends.decibels import Decibels
from tunebench.frontends.step import Spectrogram, Step
from tunebench.frontends.stft import PowerSpectrum


class MelBands:
    """Sum the bins of a power spectrum into bands.

    `(batch, channels, frames, bins)` -> `(batch, channels, frames, bands)`, with a bank of
    shape `(bins, bands)` that is kept in float64 and cast to the spectrum's dtype.
    """

    def __init__(self, bank: NDArray[np.float64]) -> None:
        self._bank = bank

    def __call__(self, power: tf.Tensor) -> tf.Tensor:
        """Multiply with the bank from the right."""
        return tf.tensordot(power, tf.constant(self._bank, power.dtype), 1)


def mel_power(params: Parameters, signal: Signal) -> tuple[Step, Step]:
    """The steps from waveform to the power in each mel band, which `mel` and `mfcc` share."""
    n_fft = params["n_fft"]
    bank = mel_filter_bank(
        sample_rate_hz=signal.sample_rate_hz,
        n_fft=n_fft,
        n_mels=params["n_mels"],
        fmin_hz=params["fmin"],
        fmax_hz=fmax_hz(params, signal),
        scale=params["mel_scale"],
        norm=params["mel_norm"],
    )
    return PowerSpectrum([n_fft], n_fft, params["hop_length"]), MelBands(bank)


def build(params: Parameters, signal: Signal) -> Spectrogram:
    """The steps of the catalog row `mel`: dB below each example's own maximum."""
    top_db = params["top_db"]
    return Spectrogram((*mel_power(params, signal), Decibels(top_db, relative=True)), (-top_db, 0.0))
