"""Fresh weights for a model that is already compiled, from a trial's own seed."""

from __future__ import annotations

import keras

from tunebench.seeding import child_seed

_INITIALIZERS = {
    "depthwise_kernel": "depthwise_initializer",
    "pointwise_kernel": "pointwise_initializer",
}


def _initializer(layer: keras.Layer, variable: str) -> keras.initializers.Initializer | None:
    """The initializer that `layer` made `variable` with; None where it must be left alone."""
    if variable == "kernel" and hasattr(layer, "depthwise_initializer"):
        return layer.depthwise_initializer
    return getattr(layer, _INITIALIZERS.get(variable, f"{variable}_initializer"), None)


def reinitialise(model: keras.Model, seed: int) -> None:
    """Assign fresh initial values to every weight of `model`, the same for the same seed.

    Variables without an initializer of their own (a dropout's rate) are left as they are.
    """
    for number, layer in enumerate(leaves(model)):
        for variable in layer.weights:
            initializer = _initializer(layer, variable.name)
            if initializer is None:
                continue
            config = initializer.get_config()
            if "seed" in config:
                config["seed"] = child_seed(seed, "weights", number, variable.name)
            fresh = type(initializer).from_config(config)
            variable.assign(fresh(variable.shape, dtype=variable.dtype))


def leaves(model: keras.Model) -> list[keras.Layer]:
    """All layers of a model, those of nested models in their place."""
    found: list[keras.Layer] = []
    for layer in model.layers:
        found.extend(leaves(layer) if isinstance(layer, keras.Model) else [layer])
    return found
