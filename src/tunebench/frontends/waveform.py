"""The first step: any waveform to floating point in [-1, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from tunebench.audio.pcm import FULL_SCALE
from tunebench.errors import InputError


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
