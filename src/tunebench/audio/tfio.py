"""tensorflow-io as a decoder: wav, flac, ogg and mp3, resampled in a TensorFlow graph.

It is bound to TensorFlow 2.16 (the extra `tfio`, see constraints-tfio.txt) and slower than the default by
a factor of ten; it is here for comparison with pipelines that were built on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from tunebench.audio.rejection import Fault, RejectedAudioError
from tunebench.audio.source import check_rate
from tunebench.audio.trim import Trim
from tunebench.optional import require

LARGEST_BYTES = 2**29
"""It decodes a file as a whole: what is larger would not fit beside the other threads' files."""


class TensorFlowIODecoder:
    """Decodes a file as a whole, in TensorFlow.

    Raises:
        MissingDependencyError: tensorflow-io cannot be imported.
    """

    def __init__(self) -> None:
        purpose = "decoder: tfio"
        self._tfio = require("tensorflow_io", extra="tfio", purpose=purpose)
        self._tf = require("tensorflow", extra="tfio", purpose=purpose)
        self._resample = self._tf.function(self._graph, reduce_retracing=True)
        self.version = f"tfio/1 tensorflow-io-{self._tfio.__version__}"

    def blocks(self, path: Path, rate_hz: int, trim: Trim | None) -> Iterator[NDArray[np.float32]]:
        """Decode, mix, cut and resample (see `Decoder.blocks`); one block."""
        try:
            size = path.stat().st_size
        except OSError as error:
            raise RejectedAudioError(Fault.INACCESSIBLE, f"it cannot be opened ({error.strerror})") from error
        if not size:
            raise RejectedAudioError(Fault.EMPTY, "the file holds no bytes")
        if size > LARGEST_BYTES:
            raise RejectedAudioError(Fault.TOO_LONG, f"over {LARGEST_BYTES:,} bytes; use decoder: soundfile")
        try:
            yield self._decoded(path, rate_hz, trim)
        except (self._tf.errors.OpError, NotImplementedError, ValueError) as error:
            said = str(error).splitlines()[0][-120:]
            raise RejectedAudioError(
                Fault.UNREADABLE,
                f"tensorflow-io reads wav, flac, ogg and mp3; for others use decoder: soundfile ({said})",
            ) from error

    def _decoded(self, path: Path, rate_hz: int, trim: Trim | None) -> NDArray[np.float32]:
        if _holds_32_bit_integers(path):
            raise RejectedAudioError(
                Fault.UNREADABLE, "tensorflow-io takes 32-bit integers for floats; use decoder: soundfile"
            )
        audio = self._tfio.audio.AudioIOTensor(str(path))
        own_rate_hz = check_rate(int(audio.rate.numpy()))
        samples = audio.to_tensor()  # (frames, channels), of the file's own type
        if trim is not None:
            start, stop = trim.stretch(len(samples), own_rate_hz)
            samples = samples[start:stop]
        if not len(samples):
            return np.zeros(0, np.float32)
        rates = self._tf.constant([own_rate_hz, rate_hz], self._tf.int64)
        return self._resample(samples, rates).numpy()

    def _graph(self, samples: Any, rates: Any) -> Any:
        """(frames, channels) of any type at the first rate to (samples,) float32 at the second."""
        tf = self._tf
        values = tf.cast(samples, tf.float32)
        if samples.dtype.is_integer:
            full_scale = 2.0 ** (8 * samples.dtype.size - 1)
            values = values / full_scale - (1.0 if samples.dtype.is_unsigned else 0.0)
        mono = tf.reduce_mean(values, axis=1)
        return tf.cond(
            rates[0] == rates[1], lambda: mono, lambda: self._tfio.audio.resample(mono, rates[0], rates[1])
        )


def _holds_32_bit_integers(path: Path) -> bool:
    try:
        return soundfile.info(str(path)).subtype == "PCM_32"
    except (soundfile.SoundFileError, TypeError):
        return False  # tensorflow-io says what is wrong
