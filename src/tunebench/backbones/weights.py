"""Where a backbone's starting weights come from: nowhere, a file, or keras.applications' ImageNet files."""

from __future__ import annotations

import os
from pathlib import Path

import keras

from tunebench.errors import InputError

_RELEASES = "https://storage.googleapis.com/tensorflow/keras-applications"
IMAGENET = {
    "resnet50": ("resnet", "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "resnet50v2": ("resnet", "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "mobilenetv2": ("mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"),
    "xception": ("xception", "xception_weights_tf_dim_ordering_tf_kernels_notop.h5"),
}
"""Folder and file name of each backbone's published weights without the classification layer."""


def keras_home() -> Path:
    """The folder in which Keras keeps downloads: `$KERAS_HOME`, or `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))


def imagenet_path(backbone: str) -> Path:
    """Where Keras keeps a backbone's ImageNet weights once they were downloaded."""
    return keras_home() / "models" / IMAGENET[backbone][1]


def locate(backbone: str, weights: str) -> Path | None:
    """The weights file of `weights`: None for `random`; for `imagenet` downloaded if it is not there.

    Raises:
        InputError: the file does not exist and cannot be had; says which file to put where.
    """
    if weights == "random":
        return None
    if weights != "imagenet":
        path = Path(weights).expanduser()
        if path.is_file():
            return path
        raise InputError(
            f"backbone {backbone}: no weights file at {path}. Write the path of a .weights.h5 or .h5 file "
            "saved from this net without its classification layer, or `weights: random`."
        )
    path = imagenet_path(backbone)
    if not path.is_file():
        folder, name = IMAGENET[backbone]
        url = f"{_RELEASES}/{folder}/{name}"
        try:
            keras.utils.get_file(name, url, cache_dir=keras_home(), cache_subdir="models")
        except Exception as error:  # whatever the network throws
            raise InputError(
                f"backbone {backbone}: its imagenet weights are not at {path} and cannot be downloaded "
                f"({error}). Fetch {url} on a machine with a network and put it there, give the path of a "
                "weights file instead (`weights: path/to/file.h5`), or write `weights: random`."
            ) from error
    return path
