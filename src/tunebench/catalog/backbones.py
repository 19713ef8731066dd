"""The table of backbones: nets from image, sequence or vector to features.

Adding one: a row here, and the builder that it names.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunebench.catalog.spec import IMAGE, SEQUENCE, VECTOR, BackboneRow, Spec

_PRETRAINED = (
    Spec("weights", "path", "random", "`random`, `imagenet`, or the path of a weights file.",
         options=("random", "imagenet")),
    Spec("trainable", "int", "all", "`all`, `top` (the head alone), or the number of last layers.",
         "layers", 0, options=("all", "top")),
)  # fmt: skip
_INITIALIZER = Spec(
    "initializer", "str", "he_normal", "Distribution that the first weights are drawn from.",
    options=("he_normal", "glorot_uniform"),
)  # fmt: skip


def _application(name: str, doc: str, min_side: int) -> BackboneRow:
    builder = f"tunebench.backbones.applications:build_{name}"
    return BackboneRow(name, doc, _PRETRAINED, builder, min_side=min_side, channels=3)


BACKBONES: Mapping[str, BackboneRow] = {
    row.name: row
    for row in (
        BackboneRow(
            "cnn",
            "The project's own small 2-D CNN: blocks of a convolution and a pooling.",
            (
                Spec("filters", "int", 16, "Channels of the first block; each further one has twice as many.",
                     "", 1, 512),
                Spec("blocks", "int", 4, "Number of blocks; each halves the image.", "", 1, 6),
                Spec("kernel_size", "int", 3, "Side of the convolutions.", "pixels", 1, 15),
                Spec("batch_normalisation", "bool", True, "Normalise the rows of the image, and each block."),
                _INITIALIZER,
            ),
            "tunebench.backbones.cnn:build",
            min_side=16,
        ),
        BackboneRow(
            "cnn1d",
            "1-D CNN over time: layers of a convolution and a pooling.",
            (
                Spec("layers", "int", 4, "Number of convolutions.", "", 1, 9),
                Spec("kernel_size", "int", 3, "Length of the convolutions.", "samples", 1, 255),
                Spec("filters", "int", 32, "Channels of each convolution.", "", 1, 512),
                Spec("pooling", "int", 4, "Each convolution is followed by the maximum of so many steps, "
                     "as long as there are more.", "samples", 1, 64),
                Spec("batch_normalisation", "bool", True, "Normalise after each convolution."),
                _INITIALIZER,
            ),
            "tunebench.backbones.cnn1d:build",
            ranks=(SEQUENCE,),
        ),
        BackboneRow(
            "dense",
            "Dense layers with dropout on all values of the input, side by side.",
            (
                Spec("units_1", "int", 512, "Width of the first layer.", "", 1, 8192),
                Spec("units_2", "int", 256, "Width of the second layer; 0 leaves it out.", "", 0, 8192),
                Spec("units_3", "int", 64, "Width of the third layer; 0 leaves it out.", "", 0, 8192),
                _INITIALIZER,
            ),
            "tunebench.backbones.dense:build",
            ranks=(IMAGE, SEQUENCE, VECTOR),
        ),
        _application("resnet50", "ResNet-50 (He et al. 2015).", 32),
        _application("resnet50v2", "ResNet-50 V2 (He et al. 2016).", 32),
        _application("mobilenetv2", "MobileNetV2 (Sandler et al. 2018).", 32),
        _application("xception", "Xception (Chollet 2017).", 71),
    )
}  # fmt: skip
