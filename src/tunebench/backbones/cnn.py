"""The project's own small 2-D CNN."""

from __future__ import annotations

from typing import Any

import keras


def build(image: Any, params: dict[str, Any]) -> tuple[Any, keras.Model | None]:
    """Blocks of convolution, batch normalisation, ReLU and pooling; mean and maximum over the image.

    Each row of the image (a frequency band, or a cepstral coefficient) is normalised by itself first,
    with statistics learned from the training data (as PANNs do, Kong et al. 2020). Without
    `batch_normalisation` neither rows nor blocks are.

    Args:
        image: Keras tensor `(batch, height, width, channels)` in about [0, 1].
        params: `filters`, `blocks`, `kernel_size`, `batch_normalisation`, `initializer`.

    Returns:
        Features `(batch, filters * 2**(blocks - 1))`, and None: nothing here can be frozen.
    """
    normalised, x = params["batch_normalisation"], image
    if normalised:
        x = keras.layers.BatchNormalization(axis=1, momentum=MOMENTUM, name="rows")(x)
    for block in range(params["blocks"]):
        x = keras.layers.Conv2D(
            params["filters"] * 2**block,
            params["kernel_size"],
            padding="same",
            use_bias=not normalised,
            kernel_initializer=params["initializer"],
            name=f"block{block}_convolution",
        )(x)
        if normalised:
            x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"block{block}_normalisation")(x)
        x = keras.layers.ReLU(name=f"block{block}_relu")(x)
        if min(x.shape[1:3]) > 1:
            x = keras.layers.MaxPooling2D(2, name=f"block{block}_pooling")(x)
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    peak = keras.layers.GlobalMaxPooling2D(name="peak")(x)
    return keras.layers.Add(name="features")([mean, peak]), None


MOMENTUM = 0.8
"""Of every batch normalisation: rungs are short, and statistics must catch up within tens of steps."""
