"""A 1-D CNN over time."""

from __future__ import annotations

from typing import Any

import keras

from tunebench.backbones.cnn import MOMENTUM


def build(sequence: Any, params: dict[str, Any]) -> tuple[Any, keras.Model | None]:
    """Layers of convolution, batch normalisation, ReLU and pooling; mean and maximum over time.

    Args:
        sequence: Keras tensor `(batch, steps, channels)` in about [0, 1].
        params: `layers`, `kernel_size`, `filters`, `pooling`, `batch_normalisation`, `initializer`.

    Returns:
        Features `(batch, filters)`, and None: nothing here can be frozen.
    """
    x = sequence
    for layer in range(params["layers"]):
        x = keras.layers.Conv1D(
            params["filters"],
            params["kernel_size"],
            padding="same",
            use_bias=not params["batch_normalisation"],
            kernel_initializer=params["initializer"],
            name=f"layer{layer}_convolution",
        )(x)
        if params["batch_normalisation"]:
            x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"layer{layer}_normalisation")(x)
        x = keras.layers.ReLU(name=f"layer{layer}_relu")(x)
        if x.shape[1] > params["pooling"] > 1:
            x = keras.layers.MaxPooling1D(params["pooling"], name=f"layer{layer}_pooling")(x)
    mean = keras.layers.GlobalAveragePooling1D(name="mean")(x)
    peak = keras.layers.GlobalMaxPooling1D(name="peak")(x)
    return keras.layers.Add(name="features")([mean, peak]), None
