"""The layer that a classifier begins with: int16 waveform in, image out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import keras
import tensorflow as tf

from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.general import GENERAL
from tunebench.catalog.spec import FrontendRow, Image, Signal, load_builder
from tunebench.errors import InputError
from tunebench.frontends.normalise import normalisation_step
from tunebench.frontends.resize import Resize
from tunebench.frontends.step import Step
from tunebench.frontends.waveform import Waveform


@keras.saving.register_keras_serializable(package="tunebench")
class Frontend(keras.layers.Layer):
    """A catalog row as a layer without weights.

    Input: `(batch, samples)` int16, or floating point in [-1, 1].
    Output: `(batch, height, width, channels)` of `dtype`, nominal range [0, 1]. Row 0 is the
    lowest frequency (or the coefficient of order 0), column 0 the first frame, as in librosa's
    arrays: draw it with `origin="lower"`.

    It computes in `dtype`, whatever the global policy is: mixed precision never reaches the
    spectrum. Each example is computed from itself alone. The configuration is small, and the
    filters are made anew from it, so a saved model holds none.

    Args:
        spectrogram: name of a row of `tunebench.catalog.frontends.FRONTENDS`.
        params: the row's parameters by their own names; missing ones take their defaults.
        signal: sample rate and length of the waveforms.
        image_side: side of the square image; None keeps one row a bin and one column a frame.
        channels: 3 repeats the channel of a one-channel image; None leaves the channels alone.
        normalisation: `standard`, each example to `0.5 + z / 4` with z of mean 0 and deviation 1;
            or `range`, [-top_db, 0] dB to [0, 1], and for `mfcc`, which knows no such bounds,
            each example's smallest value to 0 and largest to 1.
        dtype: `float32`, or `float64` for comparisons.

    Raises:
        InputError: an unknown name or a combination that cannot be built on this signal.
    """

    def __init__(
        self,
        spectrogram: str,
        params: Mapping[str, Any],
        *,
        signal: Signal,
        image_side: int | None = None,
        channels: int | None = None,
        normalisation: str = "standard",
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=dtype, autocast=False, **kwargs)
        row = _row(spectrogram)
        complete = _complete(row, params, signal)
        natural = row.image(complete, signal)
        _check_layout(row, natural, image_side, channels, normalisation)
        self.spectrogram = spectrogram
        self.params = complete
        self.signal = signal
        self.image_side = image_side
        self.channels = channels
        self.normalisation = normalisation
        self.image = Image(
            image_side or natural.height, image_side or natural.width, channels or natural.channels
        )
        self._repeats = self.image.channels // natural.channels
        self._steps = self._build_steps(row, natural)

    def _build_steps(self, row: FrontendRow, natural: Image) -> tuple[Step, ...]:
        spectrogram = load_builder(row.builder)(self.params, self.signal)
        steps: list[Step] = [
            Waveform(self.signal.samples, self.compute_dtype),
            spectrogram,
            normalisation_step(self.normalisation, spectrogram.extent),
        ]
        if self.image_side is not None:
            side = self.image_side
            steps.append(Resize(frames=natural.width, bins=natural.height, width=side, height=side))
        return tuple(steps)

    def call(self, waveform: tf.Tensor) -> tf.Tensor:
        """Waveforms to images."""
        values = waveform
        for step in self._steps:
            values = step(values)
        image = tf.transpose(values, [0, 3, 2, 1])  # (batch, height, width, channels)
        return tf.tile(image, [1, 1, 1, self._repeats]) if self._repeats > 1 else image

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """`(batch, height, width, channels)`."""
        return (input_shape[0], self.image.height, self.image.width, self.image.channels)

    def get_config(self) -> dict[str, Any]:
        """All that the layer is made from, as plain values."""
        return {
            **super().get_config(),
            "spectrogram": self.spectrogram,
            "params": dict(self.params),
            "signal": asdict(self.signal),
            "image_side": self.image_side,
            "channels": self.channels,
            "normalisation": self.normalisation,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Frontend:
        """The layer that `get_config` describes."""
        return super().from_config({**config, "signal": Signal(**config["signal"])})


def build(
    name: str,
    params: Mapping[str, Any],
    *,
    signal: Signal,
    image_side: int | None,
    channels: int | None,
    normalisation: str,
    dtype: str = "float32",
) -> Frontend:
    """The front-end of the catalog row `name`; see `Frontend` for arguments, shapes and errors."""
    return Frontend(
        name,
        params,
        signal=signal,
        image_side=image_side,
        channels=channels,
        normalisation=normalisation,
        dtype=dtype,
    )


def _row(name: str) -> FrontendRow:
    if name not in FRONTENDS:
        raise InputError(f"There is no front-end '{name}'. Use one of: {', '.join(FRONTENDS)}.")
    return FRONTENDS[name]


def _complete(row: FrontendRow, params: Mapping[str, Any], signal: Signal) -> dict[str, Any]:
    known = {spec.name: spec.default for spec in row.parameters}
    if unknown := sorted(params.keys() - known.keys()):
        raise InputError(
            f"The front-end '{row.name}' has no parameter {', '.join(unknown)}. It takes: {', '.join(known)}."
        )
    complete = {**known, **params}
    if reasons := list(row.check(complete, signal)):
        raise InputError(
            f"The front-end '{row.name}' cannot be built on segments of {signal.samples} samples at "
            f"{signal.sample_rate_hz} Hz: {'; '.join(reasons)}. Received: {complete}."
        )
    return complete


def _check_layout(
    row: FrontendRow, natural: Image, image_side: int | None, channels: int | None, normalisation: str
) -> None:
    if image_side is not None and image_side < 1:
        raise InputError(f"image_side must be at least 1, or None for no resizing. Received: {image_side}.")
    if channels not in (None, natural.channels) and natural.channels != 1:
        raise InputError(
            f"The front-end '{row.name}' makes {natural.channels} channels and cannot give {channels}. "
            f"Use channels={natural.channels} or None."
        )
    modes = GENERAL["normalisation"].options
    if normalisation not in modes:
        raise InputError(
            f"normalisation must be one of {', '.join(map(str, modes))}. Received: {normalisation!r}."
        )
