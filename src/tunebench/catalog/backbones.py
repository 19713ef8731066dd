"""The table of backbones: nets from image to features.

Adding one: a row here, and the builder that it names.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunebench.catalog.spec import BackboneRow, Spec

_PRETRAINED = (
    Spec("weights", "path", "random", "`random`, `imagenet`, or the path of a weights file.",
         options=("random", "imagenet")),
    Spec("trainable", "int", "all", "`all`, `top` (the head alone), or the number of last layers.",
         "layers", 0, options=("all", "top")),
)  # fmt: skip


def _application(name: str, doc: str, min_side: int) -> BackboneRow:
    return BackboneRow(name, doc, _PRETRAINED, min_side, 3, f"tunebench.backbones.applications:build_{name}")


BACKBONES: Mapping[str, BackboneRow] = {
    row.name: row
    for row in (
        BackboneRow(
            "cnn",
            "The project's own small 2-D CNN: blocks of two convolutions and a pooling.",
            (
                Spec("filters", "int", 16, "Channels of the first block; each further one has twice as many.",
                     "", 1, 512),
                Spec("blocks", "int", 4, "Number of blocks; each halves the image.", "", 1, 6),
                Spec("kernel_size", "int", 3, "Side of the convolutions.", "pixels", 1, 15),
            ),
            16,
            None,
            "tunebench.backbones.cnn:build",
        ),
        _application("resnet50", "ResNet-50 (He et al. 2015).", 32),
        _application("resnet50v2", "ResNet-50 V2 (He et al. 2016).", 32),
        _application("mobilenetv2", "MobileNetV2 (Sandler et al. 2018).", 32),
        _application("xception", "Xception (Chollet 2017).", 71),
    )
}  # fmt: skip
