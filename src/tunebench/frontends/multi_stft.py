"""Three STFTs, from a short window (sharp in time) to a long one (sharp in frequency), as three channels."""

from __future__ import annotations

from tunebench.catalog.frontends import multi_stft_windows
from tunebench.catalog.spec import Parameters, Signal
from tunebench.frontends.decibels import Decibels
from tunebench.frontends.step import Spectrogram
from tunebench.frontends.stft import PowerSpectrum


def build(params: Parameters, signal: Signal) -> Spectrogram:
    """The steps of the catalog row `multi_stft`: each channel in dB below its own maximum."""
    del signal
    windows = multi_stft_windows(params["first_window"], params["last_window"])
    top_db = params["top_db"]
    spectrum = PowerSpectrum(windows, n_fft=params["last_window"], hop_length=params["hop_length"])
    return Spectrogram((spectrum, Decibels(top_db, relative=True)), (-top_db, 0.0))
