"""The figures themselves, by librosa with the settings that the public tables were made with."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from tunebench.catalog.features import FRAMEWISE, N_MFCC

N_FFT, HOP_LENGTH = 2048, 512
MIN_SAMPLES = N_FFT
"""Of fewer samples no spectrum is taken: the recording is padded with zeros."""


def summary_features(waveform: NDArray[np.floating], sample_rate_hz: int) -> NDArray[np.float64]:
    """The 57 figures of `columns.FEATURES`.

    Levels are those of samples in [-1, 1], frequencies in Hz, the tempo in beats a minute. Spectra are taken
    of frames of 2,048 samples, 512 apart, whatever the sample rate.

    Args:
        waveform: `(samples,)` in [-1, 1].
        sample_rate_hz: its sample rate. The public tables were made at 22,050 Hz.

    Returns:
        `(57,)`, all finite.
    """
    import librosa  # late: it takes seconds

    y = np.asarray(waveform, np.float32)
    y = np.pad(y, (0, max(0, MIN_SAMPLES - len(y))))
    transform = librosa.stft(y, n_fft=N_FFT, hop_length=HOP_LENGTH)
    magnitude = np.abs(transform)
    harmonic, percussive = (
        librosa.istft(part, hop_length=HOP_LENGTH, length=len(y))
        for part in librosa.decompose.hpss(transform)
    )
    spectrum = {"S": magnitude, "sr": sample_rate_hz}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # silence is in no tune: librosa says so, and takes 0
        chroma = librosa.feature.chroma_stft(S=magnitude**2, sr=sample_rate_hz)
    frames = (
        chroma,
        librosa.feature.rms(y=y),
        librosa.feature.spectral_centroid(**spectrum),
        librosa.feature.spectral_bandwidth(**spectrum),
        librosa.feature.spectral_rolloff(**spectrum),
        librosa.feature.zero_crossing_rate(y),
        harmonic,
        percussive,
    )
    tempo = librosa.feature.tempo(y=y, sr=sample_rate_hz, hop_length=HOP_LENGTH)
    coefficients = librosa.feature.mfcc(y=y, sr=sample_rate_hz, n_mfcc=N_MFCC)
    assert len(frames) == len(FRAMEWISE)
    moments = [moment for values in (*frames, *coefficients) for moment in (np.mean(values), np.var(values))]
    first = 2 * len(FRAMEWISE)
    return np.array([*moments[:first], float(tempo[0]), *moments[first:]], np.float64)
