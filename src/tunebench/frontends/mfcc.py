"""Mel-frequency cepstral coefficients."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.catalog.spec import Parameters, Signal
from tunebench.frontends.decibels import Decibels
from tunebench.frontends.mel import mel_power
from tunebench.frontends.step import Spectrogram


def dct_matrix(n_inputs: int, n_outputs: int) -> NDArray[np.float64]:
    """The first columns of the orthonormal DCT-II, `(n_inputs, n_outputs)`."""
    place = (np.arange(n_inputs) + 0.5) / n_inputs
    matrix = np.sqrt(2.0 / n_inputs) * np.cos(np.pi * np.outer(place, np.arange(n_outputs)))
    matrix[:, 0] /= np.sqrt(2.0)
    return matrix


class CosineTransform:
    """DCT-II along the last axis: `(batch, channels, frames, bands)` -> `(..., coefficients)`."""

    def __init__(self, n_bands: int, n_coefficients: int) -> None:
        self._matrix = dct_matrix(n_bands, n_coefficients)

    def __call__(self, level_db: tf.Tensor) -> tf.Tensor:
        """Multiply with the matrix from the right."""
        return tf.tensordot(level_db, tf.constant(self._matrix, level_db.dtype), 1)


def build(params: Parameters, signal: Signal) -> Spectrogram:
    """The steps of the catalog row `mfcc`: librosa's coefficients, of dB against full scale."""
    return Spectrogram(
        (
            *mel_power(params, signal),
            Decibels(params["top_db"], relative=False),
            CosineTransform(params["n_mels"], params["n_mfcc"]),
        ),
        extent=None,
    )
