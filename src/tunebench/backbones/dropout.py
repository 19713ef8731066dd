"""Dropout whose rate is a variable, so that a compiled step serves every rate."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tunebench")
class VariableDropout(keras.layers.Layer):
    """Sets a share `rate` of the inputs to 0 and scales the rest by `1 / (1 - rate)`, in training only.

    `rate` and the seed generator's state are variables: assign them to change them.
    """

    def __init__(self, rate: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._initial_rate = rate
        self.seed_generator = keras.random.SeedGenerator(0)
        self.rate = self.add_weight(
            name="rate", shape=(), dtype="float32", trainable=False,
            initializer=keras.initializers.Constant(rate), autocast=False,
        )  # fmt: skip

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Same shape as the inputs."""
        if not training:
            return inputs
        draws = keras.random.uniform(ops.shape(inputs), dtype="float32", seed=self.seed_generator)
        kept = ops.cast(draws >= self.rate, inputs.dtype)
        return inputs * kept * ops.cast(1.0 / (1.0 - self.rate), inputs.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Same as the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"rate": self._initial_rate}
