"""What every front-end is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

Step = Callable[[tf.Tensor], tf.Tensor]
"""One operation. It has no weights, computes in the dtype that it is given, and treats each example alone."""


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """The steps of one catalog row.

    Together they take `(batch, samples)` in [-1, 1] to `(batch, channels, frames, bins)`,
    the lowest frequency (or coefficient) in bin 0. `extent` is the interval in which all
    values lie, or None where it differs from example to example. A spread of values below
    `smallest_spread` is rounding, not signal, and is not blown up to a picture.
    """

    steps: tuple[Step, ...]
    extent: tuple[float, float] | None
    smallest_spread: float = 0.1  # dB

    def __call__(self, waveform: tf.Tensor) -> tf.Tensor:
        """Apply the steps in turn."""
        values = waveform
        for step in self.steps:
            values = step(values)
        return values
