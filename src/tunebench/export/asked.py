"""An exported model as one function of waveforms, whatever kind it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.errors import InputError
from tunebench.export.estimator_files import load_estimator
from tunebench.export.layout import ESTIMATOR, PROBABILITIES, Bundle
from tunebench.features.extract import summary_features

Asked = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def load_model(bundle: Bundle) -> Asked:
    """A bundle's model: windows `(n, samples)` float32 in [-1, 1] to probabilities `(n, classes)`.

    Raises:
        InputError: it holds no model that can be read, or was trained on a table and knows no audio.
    """
    if bundle.input == "table":
        raise InputError(
            f"{bundle.folder}: was trained on the columns of a table, and not on audio. Train with "
            "spectrogram: features on the audio itself to classify recordings"
        )
    is_estimator = (bundle.folder / ESTIMATOR).exists()
    ask = (
        load_estimator(bundle.folder, len(bundle.classes), bundle.temperature)
        if is_estimator
        else _savedmodel(bundle)
    )
    if bundle.input == "waveform":
        return ask
    rate_hz = bundle.sample_rate_hz
    return lambda windows: ask(
        np.stack([summary_features(window, rate_hz) for window in windows]).astype(np.float32)
    )


def _savedmodel(bundle: Bundle) -> Asked:
    try:
        model: Any = tf.saved_model.load(str(bundle.savedmodel))
        serve = model.signatures["serving_default"]
    except (OSError, tf.errors.OpError, KeyError) as error:
        said = " ".join(str(error).split())[:200]
        raise InputError(
            f"{bundle.savedmodel}: no SavedModel that can be read ({said}). "
            "Give the folder that the search wrote, or export the model again with --format savedmodel."
        ) from error
    (name,) = serve.structured_input_signature[1]
    # the model must outlive its signature, which does not hold the variables
    return lambda windows, _owner=model: serve(**{name: tf.constant(windows)})[PROBABILITIES].numpy()
