"""A backbone and its head as one Keras model: image in, class scores out."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from tunebench.backbones.dropout import VariableDropout
from tunebench.catalog.backbones import BACKBONES
from tunebench.catalog.spec import load_builder
from tunebench.catalog.structure import Structure


@dataclass(frozen=True, slots=True)
class ClassifierNet:
    """`model` maps inputs `(batch, *input_shape)` to float32 scores `(batch, classes)`, no softmax.

    `pretrained` is the part whose weights came from a file, if any.
    """

    model: keras.Model
    pretrained: keras.Model | None
    dropouts: tuple[VariableDropout, ...]


def build(structure: Structure) -> ClassifierNet:
    """Backbone, then dropout and dense layers, then the scores, under the structure's dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(structure.precision)
    try:
        inputs = keras.Input(structure.input_shape, name="image")
        params = dict(structure.backbone_params)
        x, backbone = load_builder(BACKBONES[structure.backbone].builder)(inputs, params)
        for position, units in enumerate(filter(None, structure.dense_units), start=1):
            x = VariableDropout(name=f"dropout_{position}")(x)
            x = keras.layers.Dense(units, activation="relu", name=f"dense_{position}")(x)
        x = VariableDropout(name="dropout_scores")(x)
        scores = keras.layers.Dense(structure.classes, dtype="float32", name="scores")(x)
        model = keras.Model(inputs, scores, name=structure.backbone)
    finally:
        keras.config.set_dtype_policy(before)
    pretrained = backbone if params.get("weights", "random") != "random" else None
    dropouts = tuple(layer for layer in model.layers if isinstance(layer, VariableDropout))
    return ClassifierNet(model, pretrained, dropouts)
