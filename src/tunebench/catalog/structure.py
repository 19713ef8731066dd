"""What changes a classifier's graph: the key of the pool of compiled classifiers."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass

from tunebench.catalog.feasibility import branch, general, input_shape, is_estimator
from tunebench.catalog.spec import Scalar, Shape, Signal, Values


@dataclass(frozen=True, slots=True)
class Structure:
    """Two configurations of one structure differ in scalars and front-end alone."""

    backbone: str
    backbone_params: tuple[tuple[str, Scalar], ...]
    input_shape: Shape
    dense_units: tuple[int, ...]
    classes: int
    precision: str

    @property
    def key(self) -> str:
        """A short name that is the same in every process."""
        return f"{self.backbone}-{hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:8]}"


def step_key(structure: str, values: Values) -> str:
    """What the way from waveform to probabilities depends on: the key of a structure, and a front-end."""
    name, params = branch(values, "spectrogram")
    layout = general(values)
    model = sorted(branch(values, "backbone")[1].items()) if is_estimator(values) else []
    content = repr((sorted(params.items()), layout["normalisation"], layout["colours"], *model))
    return f"{structure}/{name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def structure_of(values: Values, signal: Signal, *, classes: int, precision: str) -> Structure:
    """The structure of a configuration. Estimators of one kind share theirs: nothing of them is compiled."""
    backbone, backbone_params = branch(values, "backbone")
    scalars, fitted = general(values), is_estimator(values)
    return Structure(
        backbone=backbone,
        backbone_params=() if fitted else tuple(sorted(backbone_params.items())),
        input_shape=input_shape(values, signal),
        dense_units=() if fitted else (scalars["dense_units"], scalars["dense_units_2"]),
        classes=classes,
        precision=precision,
    )
