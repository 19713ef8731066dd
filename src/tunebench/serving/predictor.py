"""An exported classifier in use: sliding windows over a file, probabilities averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from tunebench.audio.decoder import decode
from tunebench.audio.pcm import FULL_SCALE, checked
from tunebench.audio.rejection import RejectedAudioError
from tunebench.errors import DataError
from tunebench.export import layout
from tunebench.export.asked import Model, load_model
from tunebench.export.layout import Bundle
from tunebench.serving.windows import RecordingWindows

BATCH_SIZE = 32
"""Windows that are classified at a time."""

UNSURE_BELOW = 0.5
"""An answer that is more likely wrong than right is given as unsure: confidences are calibrated."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a classifier says of one recording.

    `probabilities` `(classes,)` is the mean of `windows` `(windows, classes)`, whose first samples stand at
    `window_starts_s` `(windows,)`. `path` is None where a waveform was given.
    """

    path: Path | None
    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    windows: NDArray[np.float32]
    window_starts_s: NDArray[np.float64]

    @property
    def label(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The probability of that class."""
        return float(self.probabilities.max())

    def top(self, count: int) -> list[tuple[str, float]]:
        """The most probable classes with their probabilities, the first one first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.classes[i], float(self.probabilities[i])) for i in order]


class Predictor:
    """Classifies files of any format, sample rate, length and number of channels.

    A recording is brought to the int16 samples that training would have stored and cut as training cuts
    it, so that a clip of the corpus gets the probabilities that it had in training.
    """

    def __init__(self, bundle: Bundle, model: Model) -> None:
        self.bundle, self.model = bundle, model

    @classmethod
    def load(cls, folder: Path, *, form: str | None = None, threads: int | None = None) -> Predictor:
        """Read a bundle's model; no code of a net's layers is needed, and of ONNX and LiteRT no TensorFlow.

        Args:
            folder: of the bundle.
            form: a name of `export.forms.FORMS`; None takes the one that starts quickest.
            threads: of the runtime; None leaves it its own choice.

        Raises:
            InputError: the folder is no bundle, is of another format, or holds no model for audio.
        """
        bundle = layout.read(Path(folder))
        return cls(bundle, load_model(bundle, form=form, threads=threads))

    def predict(self, path: Path) -> Prediction:
        """Classify a file.

        Raises:
            DataError: it is not audio that can be used: unreadable, empty, silent, under 0.1 s, non-finite.
        """
        return self.classify(self.decode(path), Path(path))

    def decode(self, path: Path) -> NDArray[np.int16]:
        """A file as training would have stored it, `(samples,)` at the bundle's sample rate.

        Raises:
            DataError: it is not audio that can be used.
        """
        try:
            return decode(Path(path), self.bundle.sample_rate_hz)
        except RejectedAudioError as rejected:
            raise DataError(
                f"{path}: {rejected}. Give an audio file (wav, flac, ogg, mp3, au, aiff, m4a, aac, wma) "
                "with at least 0.1 s of sound."
            ) from rejected

    def predict_waveform(self, waveform: NDArray[Any], sample_rate_hz: int) -> Prediction:
        """Classify samples in memory.

        Args:
            waveform: `(samples,)` or `(samples, channels)`, int16, or floating point in [-1, 1].
            sample_rate_hz: of the waveform.

        Raises:
            DataError: another shape or type, an impossible rate, or samples that training would have refused.
        """
        rate_hz = self.bundle.sample_rate_hz
        mono = _mono(waveform)
        if sample_rate_hz <= 0:
            raise DataError(f"sample_rate_hz: must be above 0. Received: {sample_rate_hz}.")
        if sample_rate_hz != rate_hz:
            mono = soxr.resample(mono, sample_rate_hz, rate_hz, quality="HQ")
        try:
            samples = np.concatenate(list(checked([mono], rate_hz)))
        except RejectedAudioError as rejected:
            raise DataError(f"waveform: {rejected}. Give at least 0.1 s of sound in [-1, 1].") from rejected
        return self.classify(samples)

    def classify(self, samples: NDArray[np.int16], path: Path | None = None) -> Prediction:
        """Classify decoded samples `(samples,)` at the bundle's sample rate."""
        windows = RecordingWindows.of(samples, self.bundle)
        said = np.concatenate([self.model.ask(batch) for batch in windows.batches(BATCH_SIZE)])
        return self.answer(said, windows.starts, path)

    def answer(
        self, windows: NDArray[np.float32], starts: Sequence[int], path: Path | None = None
    ) -> Prediction:
        """The windows' probabilities `(windows, classes)` as a prediction."""
        bundle = self.bundle
        starts_s = np.asarray(starts) / bundle.sample_rate_hz
        return Prediction(path, bundle.classes, windows.mean(axis=0), windows, starts_s)


def _mono(waveform: NDArray[Any]) -> NDArray[np.float32]:
    """Float32 `(samples,)` in [-1, 1]: the channels' mean."""
    array = np.asarray(waveform)
    if array.ndim not in (1, 2) or not (array.dtype == np.int16 or np.issubdtype(array.dtype, np.floating)):
        raise DataError(
            "waveform: must be (samples,) or (samples, channels), int16 or floating point in [-1, 1]. "
            f"Received: {array.dtype} {array.shape}."
        )
    scale = FULL_SCALE if array.dtype == np.int16 else 1.0
    return (array / np.float32(scale)).reshape(len(array), -1).mean(axis=1, dtype=np.float32)
