"""Backbones of keras.applications, each with its own input preprocessing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import applications

from tunebench.backbones.cnn import MOMENTUM
from tunebench.backbones.weights import locate


@keras.saving.register_keras_serializable(package="tunebench")
class Preprocess(keras.layers.Layer):
    """Maps an image in [0, 1] to what a pretrained net was trained on.

    `caffe`: 0..255, BGR, ImageNet's mean subtracted (ResNet50); `tf`: -1..1 (the others).
    """

    def __init__(self, mode: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mode = mode

    def call(self, image: Any) -> Any:
        """Image `(batch, height, width, 3)` to the net's own range, same shape."""
        return applications.imagenet_utils.preprocess_input(image * 255.0, mode=self.mode)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Same as the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"mode": self.mode}


def _build(
    image: Any, params: dict[str, Any], *, name: str, net: Callable[..., keras.Model], mode: str
) -> tuple[Any, keras.Model]:
    """Features `(batch, n)` and the net, whose layers may be frozen."""
    backbone = net(include_top=False, weights=None, pooling="avg", input_shape=tuple(image.shape[1:]))
    weights = locate(name, params["weights"])
    if weights is not None:
        backbone.load_weights(weights)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    _freeze(backbone, params["trainable"])
    return backbone(Preprocess(mode, name="preprocess")(image)), backbone


def _freeze(backbone: keras.Model, trainable: str | int) -> None:
    if trainable == "all":
        return
    kept = 0 if trainable == "top" else int(trainable)
    weighted = [layer for layer in backbone.layers if layer.weights]
    for layer in weighted[: len(weighted) - kept]:
        layer.trainable = False


build_resnet50 = partial(_build, name="resnet50", net=applications.ResNet50, mode="caffe")
build_resnet50v2 = partial(_build, name="resnet50v2", net=applications.ResNet50V2, mode="tf")
build_mobilenetv2 = partial(_build, name="mobilenetv2", net=applications.MobileNetV2, mode="tf")
build_xception = partial(_build, name="xception", net=applications.Xception, mode="tf")
