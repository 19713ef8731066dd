"""Reload exported models and compare them with their examples: run in a fresh process by `parity.measure`.

`python -m tunebench.export.verify FOLDER...` prints one JSON object a folder, for each model in it the
largest absolute difference of probabilities, `alone` (batch of one) and in a `batch`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.export import layout
from tunebench.export.estimator_files import load_estimator
from tunebench.export.layout import ESTIMATOR, EXAMPLE, FEATURES, KERAS, PROBABILITIES, SAVEDMODEL, WAVEFORM
from tunebench.export.serving_model import load_keras

Model = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def differences(folder: Path) -> dict[str, dict[str, float]]:
    """Of each model in `folder`, the largest difference to the example's probabilities."""
    with np.load(folder / EXAMPLE, allow_pickle=False) as stored:
        inputs, expected = stored[FEATURES if FEATURES in stored else WAVEFORM], stored[PROBABILITIES]
    found: dict[str, dict[str, float]] = {}
    for name, (file, load) in _MODELS.items():
        if (folder / file).exists():
            model = load(folder / file)
            alone = np.concatenate([model(one[None]) for one in inputs])
            found[name] = {
                "alone": float(np.abs(alone - expected).max()),
                "batch": float(np.abs(model(inputs) - expected).max()),
            }
    return found


def _keras(path: Path) -> Model:
    model = load_keras(path)
    # As a graph, like the trained model: eager kernels are not fused, and a deep net can tell (1e-4 was seen)
    signature = [tf.TensorSpec(model.inputs[0].shape, tf.float32)]
    step = tf.function(lambda waveforms: model(waveforms, training=False), input_signature=signature)
    return lambda waveforms: step(tf.constant(waveforms)).numpy()


def _savedmodel(path: Path) -> Model:
    loaded: Any = tf.saved_model.load(str(path))
    serve = loaded.signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    # `loaded` must outlive its signature, which does not hold the variables
    return lambda inputs, _owner=loaded: serve(**{name: tf.constant(inputs)})[PROBABILITIES].numpy()


def _estimator(path: Path) -> Model:
    bundle = layout.read(path.parent)
    return load_estimator(path.parent, len(bundle.classes), bundle.temperature)


_MODELS: dict[str, tuple[str, Callable[[Path], Model]]] = {
    "keras": (KERAS, _keras),
    "savedmodel": (SAVEDMODEL, _savedmodel),
    "skops": (ESTIMATOR, _estimator),
}

if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(json.dumps(differences(Path(argument))), flush=True)
