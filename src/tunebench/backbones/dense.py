"""Dense layers on all values of the input, side by side."""

from __future__ import annotations

from typing import Any

import keras

from tunebench.backbones.dropout import VariableDropout


def build(values: Any, params: dict[str, Any]) -> tuple[Any, keras.Model | None]:
    """Up to three layers with ReLU, and dropout between them.

    Args:
        values: Keras tensor of any shape, in about [0, 1].
        params: `units_1`, `units_2`, `units_3` (0 leaves a layer out), `initializer`.

    Returns:
        Features `(batch, units of the last layer)`, and None: nothing here can be frozen.
    """
    x = keras.layers.Flatten(name="values")(values)
    for position in (1, 2, 3):
        units = params[f"units_{position}"]
        if not units:
            continue
        if position > 1:
            x = VariableDropout(name=f"hidden_dropout_{position}")(x)
        x = keras.layers.Dense(
            units, activation="relu", kernel_initializer=params["initializer"], name=f"hidden_{position}"
        )(x)
    return x, None
