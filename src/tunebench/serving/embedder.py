"""What a trained net knows of a recording beside its classes: the layer before the scores."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.errors import InputError
from tunebench.export import layout
from tunebench.export.layout import WAVEFORM, Bundle
from tunebench.export.serving_model import load_keras
from tunebench.serving.windows import RecordingWindows

BATCH_SIZE = 32
"""Windows that are embedded at a time."""


class Embedder:
    """Turns recordings into vectors by a bundle's `model.keras`, cut off before its last dense layer."""

    def __init__(self, bundle: Bundle, model: keras.Model) -> None:
        self.bundle = bundle
        cut = _before_scores(model)
        signature = tf.TensorSpec((None, bundle.segment_samples), tf.float32, name=WAVEFORM)
        self._embed = tf.function(lambda waveform: cut(waveform, training=False), input_signature=[signature])

    @classmethod
    def load(cls, folder: Path) -> Embedder:
        """Read a bundle's Keras model.

        Raises:
            InputError: the folder is no bundle, or holds no Keras model that can be read and cut.
        """
        bundle = layout.read(Path(folder))
        if bundle.input != "waveform":
            raise InputError(
                f"{folder}: begins with {bundle.input}, and not with audio: it has no embeddings of its own. "
                "Give a net on spectrograms or waveforms, or leave --model out to compare features."
            )
        try:
            return cls(bundle, load_keras(bundle.keras))
        except (OSError, ValueError, TypeError) as error:
            said = " ".join(str(error).split())[:200]
            raise InputError(
                f"{bundle.keras}: no model whose embeddings can be taken ({said}). "
                "Give the folder that the search wrote, or export the model again with --format keras."
            ) from error

    @property
    def digest(self) -> str:
        """SHA-256 of the model's file: what was embedded by the same digest need not be embedded again."""
        with self.bundle.keras.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def embed(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """The mean over the recording's windows, `(units,)`.

        Args:
            samples: `(samples,)` at the bundle's sample rate; windows are cut as training cut segments.
        """
        batches = RecordingWindows.of(samples, self.bundle).batches(BATCH_SIZE)
        windows = [self._embed(tf.constant(batch)).numpy() for batch in batches]
        return np.concatenate(windows).mean(axis=0, dtype=np.float64).astype(np.float32)


def _before_scores(served: keras.Model) -> keras.Model:
    """Waveform `(batch, samples)` to what the layer `scores` receives, `(batch, units)`."""
    for before, net in pairwise(served.layers):
        if isinstance(net, keras.Model) and any(layer.name == "scores" for layer in net.layers):
            inner: Any = keras.Model(net.inputs, net.get_layer("scores").input)
            return keras.Model(served.inputs, inner(before.output))
    raise ValueError("it has no layer named scores")
