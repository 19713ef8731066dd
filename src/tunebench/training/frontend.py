"""A configuration's front-end as a layer, and as a compiled step."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

import tunebench.frontends
from tunebench.catalog.feasibility import branch, general, source_of
from tunebench.catalog.spec import IMAGE, Signal, Values
from tunebench.catalog.structure import Structure
from tunebench.frontends.vectors import Scaling, Standardise

FrontendStep = Callable[[tf.Tensor], tf.Tensor]


def frontend_layer(
    values: Values, signal: Signal, structure: Structure, scaling: Scaling | None = None
) -> keras.Layer:
    """The front-end of a configuration, `(batch, samples)` to what its net receives.

    Feature vectors `(batch, columns)` are brought to the `scaling` of the training data.
    """
    if source_of(values) != "waveform":
        if scaling is None:
            raise ValueError("feature vectors need the scaling of the training data")
        return Standardise(scaling.median, scaling.mean, scaling.deviation)
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


def compile_frontend(frontend: keras.Layer, width: int) -> FrontendStep:
    """The front-end as a compiled step of its own, `(batch, samples)` int16 to images.

    What receives vectors takes `(batch, columns)` float32. `width` is the number of samples or columns.

    It is traced once for a front-end and runs where the backbone runs, since no device is pinned.
    Inside the backbone's step it would have to be compiled again with every backbone.
    """
    dtype = tf.float32 if isinstance(frontend, Standardise) else tf.int16
    signature = [tf.TensorSpec((None, width), dtype)]
    return tf.function(frontend, input_signature=signature)
