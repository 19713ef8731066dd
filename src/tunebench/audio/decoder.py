"""What a decoder is, and the two there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.native import NativeDecoder
from tunebench.audio.pcm import checked
from tunebench.audio.tfio import TensorFlowIODecoder
from tunebench.audio.trim import Trim

DecoderName = Literal["soundfile", "tfio"]


class Decoder(Protocol):
    """Turns a file into mono samples at the rate that is asked for.

    Example: `decoder.blocks(Path("a.mp3"), 16_000, Trim(30.0))` of a stereo file of 44,100 Hz that lasts
    three minutes yields float32 blocks whose lengths sum to 480,000.
    """

    @property
    def version(self) -> str:
        """Changes whenever the samples may: it is part of the key of what is stored."""
        ...

    def blocks(self, path: Path, rate_hz: int, trim: Trim | None) -> Iterator[NDArray[np.float32]]:
        """Decode, mix to mono (mean of channels), cut and resample.

        Yields blocks of shape (samples,), nominally in [-1, 1].

        Raises:
            RejectedAudioError: the file cannot be read.
        """
        ...


def decoder_named(name: DecoderName) -> Decoder:
    """Make a decoder.

    Raises:
        MissingDependencyError: tensorflow-io is asked for and not installed.
    """
    return TensorFlowIODecoder() if name == "tfio" else NativeDecoder()


def decode(
    path: Path, rate_hz: int, *, trim: Trim | None = None, decoder: Decoder | None = None
) -> NDArray[np.int16]:
    """Decode one file into memory, as `prepare` would store it.

    Returns:
        Samples of shape (samples,) at `rate_hz`.

    Raises:
        RejectedAudioError: the file cannot be used (see `Fault`).
    """
    decoder = decoder or NativeDecoder()
    return np.concatenate(list(checked(decoder.blocks(path, rate_hz, trim), rate_hz)))
