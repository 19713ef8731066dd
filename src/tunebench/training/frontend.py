"""A configuration's front-end as a layer, and as a compiled step."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

import tunebench.frontends
from tunebench.catalog.feasibility import branch, general
from tunebench.catalog.spec import IMAGE, Signal, Values
from tunebench.catalog.structure import Structure

FrontendStep = Callable[[tf.Tensor], tf.Tensor]


def frontend_layer(values: Values, signal: Signal, structure: Structure) -> keras.Layer:
    """The front-end of a configuration, `(batch, samples)` to what its net receives."""
    name, params = branch(values, "spectrogram")
    layout = general(values)
    return tunebench.frontends.build(
        name,
        params,
        signal=signal,
        shape=structure.input_shape,
        normalisation=layout["normalisation"],
        colours=layout["colours"] if len(structure.input_shape) == IMAGE else "grey",
    )


def compile_frontend(frontend: keras.Layer, samples: int) -> FrontendStep:
    """The front-end as a compiled step of its own, `(batch, samples)` int16 to images.

    It is traced once for a front-end and runs where the backbone runs, since no device is pinned.
    Inside the backbone's step it would have to be compiled again with every backbone.
    """
    signature = [tf.TensorSpec((None, samples), tf.int16)]
    return tf.function(frontend, input_signature=signature)
