"""The front-end, the net and the softmax as one Keras model: waveform in, probabilities out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tunebench.backbones import build
from tunebench.catalog.backbones import BACKBONES
from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.spec import load_builder
from tunebench.export.layout import FEATURES, PROBABILITIES, WAVEFORM
from tunebench.frontends.vectors import Standardise
from tunebench.training.classifier import Classifier


def compose(
    classifier: Classifier, frontend: keras.Layer, width: int, temperature: float = 1.0
) -> keras.Model:
    """One functional model: `waveform` float32 `(batch, width)` in [-1, 1] to `probabilities`.

    A front-end of vectors makes it one of `features` `(batch, width)`. Scores are divided by `temperature`.
    The net is a float32 twin with the classifier's weights: a pooled classifier gains no second use, and
    a net trained in mixed precision is served in float32, which every format and every CPU runs well.
    """
    name = FEATURES if isinstance(frontend, Standardise) else WAVEFORM
    given = keras.Input((width,), dtype="float32", name=name)
    scores = _float32_twin(classifier)(frontend(given))
    if temperature != 1.0:
        scores = keras.layers.Rescaling(1.0 / temperature, dtype="float32", name="temperature")(scores)
    probabilities = keras.layers.Softmax(dtype="float32", name=PROBABILITIES)(scores)  # (batch, classes)
    return keras.Model(given, probabilities, name="served")


def save_keras(model: keras.Model, path: Path) -> None:
    """Write a `.keras` file; `load_keras` reads it."""
    model.save(path)


def load_keras(path: Path) -> keras.Model:
    """Read a `.keras` file, once the classes of all its layers are known to Keras."""
    for row in (*FRONTENDS.values(), *BACKBONES.values()):
        load_builder(row.builder)
    model: Any = keras.saving.load_model(path, compile=False)
    return model


def save_savedmodel(model: keras.Model, folder: Path) -> None:
    """Write a SavedModel whose `serving_default` takes the model's input, any batch, to `probabilities`."""
    given = model.inputs[0]
    archive: Any = keras.export.ExportArchive()  # typed for all of Keras's backends at once
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        lambda given: {PROBABILITIES: model(given, training=False)},
        input_signature=[tf.TensorSpec((None, given.shape[1]), tf.float32, name=given.name)],
    )
    archive.write_out(str(folder), verbose=False)


def _float32_twin(classifier: Classifier) -> keras.Model:
    """The classifier's net under a float32 policy, on variables of its own.

    No weights file is read for it: its weights are the trained ones.
    """
    params = dict(classifier.structure.backbone_params)
    if "weights" in params:
        params["weights"] = "random"
    net = build(replace(classifier.structure, precision="float32", backbone_params=tuple(params.items())))
    net.model.set_weights(classifier.model.get_weights())
    return net.model
