"""The words that catalog rows are written in."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Scalar = str | int | float | bool | None

Values = Mapping[str, Scalar]
"""All active parameters of a configuration: `learning_rate`, `spectrogram`, `spectrogram.mel.n_fft`, ..."""
Parameters = Mapping[str, Any]
"""The parameters of one row by their own names, with every default filled in."""


_ACCEPTED: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "path": (str,),
}
_KIND = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a text",
    "path": "a path",
}


@dataclass(frozen=True, slots=True)
class Spec:
    """One parameter that a catalog row understands. `None` is allowed only where it is the default.

    Beside values of its `type`, the words in `options` are allowed; a "str" may be nothing else.
    """

    name: str
    type: Literal["int", "float", "bool", "str", "path"]
    default: Scalar
    doc: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    options: tuple[Scalar, ...] = ()

    def fault(self, value: object) -> str | None:
        """What is wrong with `value`, or None if it may stand here."""
        if value is None and self.default is None:
            return None
        if self.options and value in self.options and type(value) in map(type, self.options):
            return None
        if self.options and self.type == "str":
            return f"must be one of {', '.join(map(str, self.options))}"
        if not isinstance(value, _ACCEPTED[self.type]) or (isinstance(value, bool) and self.type != "bool"):
            return f"must be {self._expected()}"
        if isinstance(value, (int, float)):
            too_small = self.minimum is not None and value < self.minimum
            too_large = self.maximum is not None and value > self.maximum
            if too_small or too_large or not math.isfinite(value):
                return f"must be {self._expected()}"
        return None

    def _expected(self) -> str:
        text = _KIND[self.type]
        if self.minimum is not None:
            text += f" of at least {self.minimum:g}"
        if self.maximum is not None:
            text += f"{' and' if self.minimum is not None else ' of'} at most {self.maximum:g}"
        if self.options:
            text += f", or one of {', '.join(map(str, self.options))}"
        return text + (f" ({self.unit})" if self.unit else "")


@dataclass(frozen=True, slots=True)
class Signal:
    """One segment as a front-end receives it: so many samples of audio.

    Where the corpus came as a table of features, `columns` is how many it has, and there is no audio.
    """

    sample_rate_hz: int
    samples: int
    columns: int = 0


Shape = tuple[int, ...]
"""What a model receives of one segment; its length is its rank.

An image `(height, width, channels)`, frequency upwards and time to the right, a sequence
`(steps, channels)`, or a vector `(columns,)`.
"""

IMAGE, SEQUENCE, VECTOR = 3, 2, 1
RANKS: Mapping[int, str] = {IMAGE: "an image", SEQUENCE: "a sequence", VECTOR: "a vector"}

Source = Literal["waveform", "features", "table"]
"""What a front-end begins with: audio, the summary features of audio, or a row of the corpus's own table."""


@dataclass(frozen=True, slots=True)
class FrontendRow:
    """A front-end: a segment's `source` in, image, sequence or vector out.

    `check` yields one reason for each rule that the parameters break on this signal;
    `shape` is that of what it makes, before any resizing.
    """

    name: str
    doc: str
    parameters: tuple[Spec, ...]
    check: Callable[[Parameters, Signal], Iterator[str]]
    shape: Callable[[Parameters, Signal], Shape]
    builder: str
    source: Source = "waveform"


@dataclass(frozen=True, slots=True)
class BackboneRow:
    """A net from image, sequence or vector to features, or an estimator from them to probabilities.

    It takes inputs of these `ranks`, images of at least `min_side`, and `channels` of them, or any number
    if that is None. An estimator is one of scikit-learn's: it is fitted, not trained in steps.
    """

    name: str
    doc: str
    parameters: tuple[Spec, ...]
    builder: str
    ranks: tuple[int, ...] = (IMAGE,)
    min_side: int = 1
    channels: int | None = None
    estimator: bool = False


Stage = Literal["variants", "waveforms", "inputs", "pairs"]
"""What an augmentation is done to: tracks, waveforms, what the net receives, or that with its targets."""


@dataclass(frozen=True, slots=True)
class AugmentationRow:
    """Something done to training examples. Its one parameter is its strength; the default leaves it out.

    The function that `builder` names takes a batch of its stage, a strength and a seed, `(2,)` int32; that of
    stage "variants" takes a track, an amount and the sample rate.
    """

    name: str
    spec: Spec
    stage: Stage
    builder: str


def load_builder(address: str) -> Callable[..., Any]:
    """Import what a row's `builder`, written `module:function`, names."""
    module, _, function = address.partition(":")
    return getattr(importlib.import_module(module), function)
