"""The served model: bytes of audio files in, class probabilities out.

MLflow copies this file beside the bundle and runs it wherever the model is loaded. So it imports nothing
of tunebench, which need not be installed there unless the model is scikit-learn's or begins with librosa's
features; it cuts a recording exactly as `tunebench predict` does.
"""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

BATCH_SIZE = 32
FULL_SCALE = 32768
SHORTEST_S = 0.1


class AudioClassifier(PythonModel):
    """Classifies recordings of any format that libsndfile reads, any sample rate, length and channels."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle: its description, and its model."""
        bundle = Path(context.artifacts["bundle"])
        self._described = json.loads((bundle / "tunebench.json").read_text(encoding="utf-8"))
        self._input = self._described.get("input", "waveform")
        self._ask = _model(bundle, self._described)

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame) -> pd.DataFrame:
        """Classify the recordings of column `audio`, each the bytes of one file; or the rows of a table.

        Returns:
            A row a recording, a column a class: the mean of its windows' probabilities.

        Raises:
            ValueError: a recording cannot be used; names its row.
        """
        if self._input == "table":
            values = model_input[self._described["columns"]].to_numpy(np.float32)
            return pd.DataFrame(
                self._ask(values), columns=self._described["classes"], index=model_input.index
            )
        rows = [self._classify(row, content) for row, content in enumerate(model_input["audio"])]
        return pd.DataFrame(rows, columns=self._described["classes"], index=model_input.index)

    def _classify(self, row: int, content: bytes) -> np.ndarray:
        rate_hz, length = self._described["sample_rate_hz"], self._described["segment_samples"]
        try:
            samples = _decode(content, rate_hz)
        except (soundfile.SoundFileError, ValueError) as error:
            raise ValueError(
                f"audio of row {row}: {error}. Send the bytes of a wav, flac, ogg or mp3 file (base64 in "
                f"JSON) with at least {SHORTEST_S} s of sound."
            ) from error
        starts = _starts(len(samples), length, self._described["hop_samples"])
        padded = np.pad(samples, (0, max(0, starts[-1] + length - len(samples))))
        outputs = []
        for first in range(0, len(starts), BATCH_SIZE):
            batch = np.stack([padded[start : start + length] for start in starts[first : first + BATCH_SIZE]])
            outputs.append(self._ask(batch))  # (windows, classes)
        return np.concatenate(outputs).mean(axis=0)


def _model(bundle: Path, described: dict) -> Callable[[np.ndarray], np.ndarray]:
    """Windows `(n, samples)`, or rows of a table, to probabilities `(n, classes)`."""
    if (bundle / "estimator.skops").exists() or described.get("input") == "features":
        return _by_tunebench(bundle, described)
    import tensorflow as tf  # here: logging the model runs this file, and needs no TensorFlow

    model = tf.saved_model.load(str(bundle / "savedmodel"))  # holds the signature's variables
    serve = model.signatures["windows" if "windows" in model.signatures else "serving_default"]
    (name,) = serve.structured_input_signature[1]
    return lambda inputs, _owner=model: serve(**{name: tf.constant(inputs)})["probabilities"].numpy()


def _by_tunebench(bundle: Path, described: dict) -> Callable[[np.ndarray], np.ndarray]:
    """Estimators, and features of audio, are not in a graph: tunebench computes them."""
    try:
        from tunebench.export.asked import load_model
        from tunebench.export.estimator_files import load_estimator
        from tunebench.export.layout import read
    except ImportError as error:
        raise RuntimeError("this model needs tunebench itself: pip install tunebench") from error
    if described.get("input") == "table":
        return load_estimator(bundle, len(described["classes"]), described.get("temperature", 1.0))
    return load_model(read(bundle)).ask


def _decode(content: bytes, rate_hz: int) -> np.ndarray:
    """Mono float32 (samples,) at `rate_hz`, on the grid of int16 that training stores."""
    audio, from_hz = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    mono = audio.mean(axis=1, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise ValueError("it holds NaN or infinite samples")
    if from_hz != rate_hz:
        mono = soxr.resample(mono, from_hz, rate_hz, quality="HQ")
    if len(mono) < SHORTEST_S * rate_hz:
        raise ValueError(f"it lasts {len(mono) / rate_hz:.3f} s")
    return (np.clip(np.rint(mono * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1) / FULL_SCALE).astype(np.float32)


def _starts(samples: int, length: int, hop: int) -> list[int]:
    """First samples of the windows: the last may be padded, if at least half of it is sound."""
    if samples <= length:
        return [0]
    starts = list(range(0, samples - length + 1, hop))
    tail = starts[-1] + hop
    if samples > starts[-1] + length and 2 * (samples - tail) >= length:
        starts.append(tail)
    return starts


set_model(AudioClassifier())
