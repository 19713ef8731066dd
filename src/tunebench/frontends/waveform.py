"""The waveform: as every front-end's first step, and as all that a net receives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.audio.pcm import FULL_SCALE
from tunebench.catalog.frontends import kept_samples
from tunebench.catalog.spec import Parameters, Signal
from tunebench.errors import InputError
from tunebench.frontends.step import Spectrogram


@dataclass(frozen=True, slots=True)
class Waveform:
    """Scale int16 to [-1, 1); floating-point input, which is in [-1, 1] already, is only cast.

    `(batch, samples)` int16 or float -> `(batch, samples)` of `dtype`.

    Raises:
        InputError: the input has another dtype or another shape.
    """

    samples: int
    dtype: str

    def __call__(self, waveform: tf.Tensor) -> tf.Tensor:
        """Check, cast and scale."""
        waveform = tf.convert_to_tensor(waveform)
        if waveform.shape.rank != 2 or waveform.shape[1] != self.samples:
            raise InputError(
                f"The front-end takes waveforms of shape (batch, {self.samples}). Received: "
                f"{tuple(waveform.shape)}. Cut or pad to {self.samples} samples, and state that "
                f"number in the input's signature."
            )
        if waveform.dtype == tf.int16:
            return tf.cast(waveform, self.dtype) / FULL_SCALE
        if waveform.dtype.is_floating:
            return tf.cast(waveform, self.dtype)
        raise InputError(
            f"The front-end takes int16 waveforms, or floating-point ones in [-1, 1]. Received: "
            f"{waveform.dtype.name}. Convert the waveform to int16."
        )


LOBES = 10
"""Zero crossings of the low-pass filter to either side of its middle."""


def low_pass(factor: int) -> NDArray[np.float64]:
    """A filter that keeps what lies below half of the new sample rate, `(2 * LOBES * factor + 1,)`, sum 1.

    A sinc under a Hamming window, as `scipy.signal.decimate(ftype="fir")` takes it.
    """
    place = np.arange(-LOBES * factor, LOBES * factor + 1) / factor
    taps = np.sinc(place) * np.hamming(len(place))
    return taps / taps.sum()


class Decimate:
    """One of `factor` samples after the low-pass filter, zeros beyond the ends.

    `(batch, samples)` -> `(batch, 1, kept samples, 1)`, the first sample among them.
    """

    def __init__(self, factor: int, signal: Signal) -> None:
        self._factor, self._kept = factor, kept_samples(signal, factor)
        self._taps = low_pass(factor)
        last = (self._kept - 1) * factor + LOBES * factor + 1
        self._padding = [LOBES * factor, max(0, last - signal.samples)]

    def __call__(self, waveform: tf.Tensor) -> tf.Tensor:
        """Filter at the samples that are kept."""
        if self._factor == 1:
            return waveform[:, None, :, None]
        padded = tf.pad(waveform, [[0, 0], self._padding])
        taps = tf.constant(self._taps[:, None, None], waveform.dtype)
        kept = tf.nn.conv1d(padded[:, :, None], taps, stride=self._factor, padding="VALID")
        return kept[:, None, : self._kept]


def build(params: Parameters, signal: Signal) -> Spectrogram:
    """The steps of the catalog row `waveform`: one bin, and a frame a sample."""
    return Spectrogram((Decimate(params["decimation"], signal),), (-1.0, 1.0), smallest_spread=1e-5)
