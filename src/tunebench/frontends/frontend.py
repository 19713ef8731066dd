"""The layer that a classifier begins with: int16 waveform in, image or sequence out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.general import GENERAL
from tunebench.catalog.spec import IMAGE, FrontendRow, Shape, Signal, load_builder
from tunebench.errors import InputError
from tunebench.frontends.colours import sox_colours
from tunebench.frontends.normalise import normalisation_step
from tunebench.frontends.resize import Resize
from tunebench.frontends.step import Step
from tunebench.frontends.stft import PowerSpectrum
from tunebench.frontends.waveform import Waveform


@keras.saving.register_keras_serializable(package="tunebench")
class Frontend(keras.layers.Layer):
    """A catalog row as a layer without weights.

    Input: `(batch, samples)` int16, or floating point in [-1, 1].
    Output: `(batch, height, width, channels)` or, of the waveform itself, `(batch, steps, 1)`; of
    `dtype`, nominal range [0, 1]. Row 0 is the lowest frequency (or the coefficient of order 0),
    column 0 the first frame, as in librosa's arrays: draw it with `origin="lower"`.

    It computes in `dtype`, whatever the global policy is: mixed precision never reaches the
    spectrum. Each example is computed from itself alone. The configuration is small, and the
    filters are made anew from it, so a saved model holds none.

    Args:
        spectrogram: name of a row of `tunebench.catalog.frontends.FRONTENDS`.
        params: the row's parameters by their own names; missing ones take their defaults.
        signal: sample rate and length of the waveforms.
        shape: what to resize an image to, `(height, width, channels)`, where 3 channels repeat
            the one of a one-channel image; None keeps one row a bin and one column a frame.
        normalisation: `standard`, each example to `0.5 + z / 4` with z of mean 0 and deviation 1;
            or `range`, [-top_db, 0] dB to [0, 1], and for `mfcc`, which knows no such bounds,
            each example's smallest value to 0 and largest to 1.
        colours: `grey`, the values themselves; or `sox`, as a picture in three channels.
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
        shape: Shape | None = None,
        normalisation: str = "standard",
        colours: str = "grey",
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=dtype, autocast=False, **kwargs)
        row = _row(spectrogram)
        complete = _complete(row, params, signal)
        natural = row.shape(complete, signal)
        _check_word("normalisation", normalisation)
        _check_word("colours", colours)
        self.spectrogram = spectrogram
        self.params = complete
        self.signal = signal
        self.normalisation = normalisation
        self.colours = colours
        self.shape = shape or ((*natural[:-1], 3) if colours != "grey" else natural)
        _check_shape(row, natural, self.shape, colours)
        self._steps = self._build_steps(row, natural)

    def _build_steps(self, row: FrontendRow, natural: Shape) -> tuple[Step, ...]:
        spectrogram = load_builder(row.builder)(self.params, self.signal)
        steps: list[Step] = [
            Waveform(self.signal.samples, self.compute_dtype),
            spectrogram,
            normalisation_step(self.normalisation, spectrogram.extent, spectrogram.smallest_spread),
        ]
        if len(natural) == IMAGE:
            if natural[:2] != self.shape[:2]:
                (bins, frames, _), (height, width, _) = natural, self.shape
                steps.append(Resize(frames=frames, bins=bins, width=width, height=height))
            steps.append(_upright)
        else:
            steps.append(partial(tf.squeeze, axis=1))
            steps.append(partial(tf.ensure_shape, shape=(None, *self.shape)))
        if self.colours == "sox":
            steps.append(sox_colours)
        elif self.shape[-1] > natural[-1]:
            steps.append(partial(tf.tile, multiples=[1, 1, 1, self.shape[-1]]))
        return tuple(steps)

    @property
    def n_fft(self) -> int | None:
        """Points of its Fourier transform; None of a front-end without one."""
        steps = (step for group in self._steps for step in getattr(group, "steps", ()))
        return next((step.n_fft for step in steps if isinstance(step, PowerSpectrum)), None)

    def call(self, waveform: tf.Tensor) -> tf.Tensor:
        """Waveforms to images or sequences."""
        values = waveform
        for step in self._steps:
            values = step(values)
        return values

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the images or sequences, the batch first."""
        return (input_shape[0], *self.shape)

    def get_config(self) -> dict[str, Any]:
        """All that the layer is made from, as plain values."""
        return {
            **super().get_config(),
            "spectrogram": self.spectrogram,
            "params": dict(self.params),
            "signal": asdict(self.signal),
            "shape": self.shape,
            "normalisation": self.normalisation,
            "colours": self.colours,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Frontend:
        """The layer that `get_config` describes."""
        signal, shape = Signal(**config["signal"]), tuple(config["shape"])
        return super().from_config({**config, "signal": signal, "shape": shape})


def build(
    name: str,
    params: Mapping[str, Any],
    *,
    signal: Signal,
    shape: Shape | None,
    normalisation: str,
    colours: str = "grey",
    dtype: str = "float32",
) -> Frontend:
    """The front-end of the catalog row `name`; see `Frontend` for arguments, shapes and errors."""
    return Frontend(
        name, params, signal=signal, shape=shape, normalisation=normalisation, colours=colours, dtype=dtype
    )


def _upright(values: tf.Tensor) -> tf.Tensor:
    """`(batch, channels, frames, bins)` to images `(batch, height, width, channels)`."""
    return tf.transpose(values, [0, 3, 2, 1])


def _row(name: str) -> FrontendRow:
    of_audio = {name: row for name, row in FRONTENDS.items() if row.source == "waveform"}
    if name not in of_audio:
        raise InputError(f"There is no front-end '{name}'. Use one of: {', '.join(of_audio)}.")
    return of_audio[name]


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


def _check_word(name: str, value: str) -> None:
    if value not in GENERAL[name].options:
        words = ", ".join(map(str, GENERAL[name].options))
        raise InputError(f"{name} must be one of {words}. Received: {value!r}.")


def _check_shape(row: FrontendRow, natural: Shape, shape: Shape, colours: str) -> None:
    if len(natural) != IMAGE:
        if shape != natural or colours != "grey":
            raise InputError(
                f"The front-end '{row.name}' makes no image: it has the shape {natural} and no colours. "
                f"Received: shape {shape}, colours {colours!r}."
            )
        return
    if len(shape) != IMAGE or min(shape) < 1:
        raise InputError(
            f"shape must be (height, width, channels) of at least 1 each, or None for no resizing. "
            f"Received: {shape}."
        )
    if colours != "grey" and (natural[-1], shape[-1]) != (1, 3):
        raise InputError(
            f"A picture in colours is drawn of one channel and has three. The front-end '{row.name}' "
            f"makes {natural[-1]}, and {shape[-1]} were asked for. Use colours='grey', or mel, stft or mfcc."
        )
    if shape[-1] != natural[-1] and natural[-1] != 1:
        raise InputError(
            f"The front-end '{row.name}' makes {natural[-1]} channels and cannot give {shape[-1]}. "
            f"Use {natural[-1]}."
        )
