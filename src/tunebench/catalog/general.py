"""Parameters of the space that belong to no single front-end or backbone."""

from __future__ import annotations

from collections.abc import Mapping

from tunebench.catalog.spec import Spec

NATURAL = "natural"

GENERAL: Mapping[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec("learning_rate", "float", 1e-3, "Learning rate at the start.", "", 1e-12, 10),
        Spec("dropout", "float", 0.2, "Dropout before each dense layer of the head.", "", 0, 0.95),
        Spec("dense_units", "int", 128, "Width of the first dense layer; 0 leaves it out.", "", 0, 8192),
        Spec("dense_units_2", "int", 0, "Width of the second dense layer; 0 leaves it out.", "", 0, 8192),
        Spec("image_size", "int", 96,
             "Height of the image handed to the backbone, and its width; `natural` leaves a row a frequency "
             "and a column a frame.", "pixels", 8, 1024, options=(NATURAL,)),
        Spec("image_width", "int", None, "Width of the image where it is another.", "pixels", 8, 4096),
        Spec("colours", "str", "grey",
             "`grey`: the spectrogram as it is; `sox`: as a picture in the colours of the sox program.",
             options=("grey", "sox")),
        Spec("optimizer", "str", "adam", "Adam, or with decoupled weight decay.", options=("adam", "adamw")),
        Spec("weight_decay", "float", 0.004, "Decoupled weight decay of adamw.", "", 0, 1),
        Spec("l2", "float", 0.0, "Penalty on the squares of all kernels, added to the loss.", "", 0, 1),
        Spec("label_smoothing", "float", 0.0, "Share of a label spread over all classes.", "", 0, 0.9),
        Spec("normalisation", "str", "standard",
             "`standard`: each example to mean 0 and deviation 1; `range`: its top_db to 0..1.",
             options=("standard", "range")),
    )
}  # fmt: skip
