"""Which configurations can be built at all, decided before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebench.catalog.augmentations import AUGMENTATIONS, strengths
from tunebench.catalog.backbones import BACKBONES
from tunebench.catalog.estimators import ESTIMATORS
from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.general import GENERAL, NATURAL
from tunebench.catalog.spec import IMAGE, RANKS, BackboneRow, FrontendRow, Shape, Signal, Source, Values

MODELS: Mapping[str, BackboneRow] = {**BACKBONES, **ESTIMATORS}
"""What the parameter `backbone` may be: nets, and scikit-learn's estimators."""

TABLES: Mapping[str, Mapping[str, FrontendRow] | Mapping[str, BackboneRow]] = {
    "spectrogram": FRONTENDS,
    "backbone": MODELS,
}
"""The parameters that choose a row of a catalog table."""


def branch(values: Values, parameter: str) -> tuple[str, dict[str, Any]]:
    """The row that `parameter` chooses, and its parameters by their own names, defaults filled in."""
    name = str(values[parameter])
    prefix = f"{parameter}.{name}."
    row = TABLES[parameter][name]
    return name, {spec.name: values.get(prefix + spec.name, spec.default) for spec in row.parameters}


def source_of(values: Values) -> Source:
    """What the front-end of a configuration begins with."""
    return FRONTENDS[str(values["spectrogram"])].source


def is_estimator(values: Values) -> bool:
    """Whether a configuration is fitted by scikit-learn."""
    return MODELS[str(values["backbone"])].estimator


def general(values: Values) -> dict[str, Any]:
    """The general parameters, defaults filled in."""
    return {name: values.get(name, spec.default) for name, spec in GENERAL.items()}


def reasons(values: Values, signal: Signal) -> list[str]:
    """Why a configuration cannot be built on segments of this kind; empty if it can."""
    frontend, frontend_params = branch(values, "spectrogram")
    backbone, _ = branch(values, "backbone")
    if foreign := _foreign(frontend, signal):
        return [foreign]
    found = [f"{frontend}: {reason}" for reason in FRONTENDS[frontend].check(frontend_params, signal)]
    row, drawn = MODELS[backbone], general(values)["colours"] != "grey"
    natural = FRONTENDS[frontend].shape(frontend_params, signal)
    if drawn and len(natural) == IMAGE and natural[-1] != 1:
        found.append(f"{frontend}: has {natural[-1]} channels, and colours are drawn of one")
    shape = input_shape(values, signal)
    if len(shape) not in row.ranks:
        taken = " or ".join(RANKS[rank] for rank in row.ranks)
        found.append(f"{backbone}: takes {taken}, and {frontend} makes {RANKS[len(shape)]}")
    elif len(shape) == IMAGE and min(shape[:2]) < row.min_side:
        height, width, _ = shape
        found.append(f"{backbone}: an image of {height} x {width} is below its smallest side, {row.min_side}")
    return found + _out_of_reach(values, row)


def _foreign(frontend: str, signal: Signal) -> str | None:
    """Why a front-end finds nothing to begin with in a corpus of this kind."""
    source = FRONTENDS[frontend].source
    if signal.columns and source != "table":
        return f"{frontend}: begins with audio, and data.table has none; write spectrogram: table"
    if not signal.columns and source == "table":
        return f"{frontend}: is for a corpus that came as a table (data.table); write spectrogram: features"
    return None


def _out_of_reach(values: Values, row: BackboneRow) -> list[str]:
    """Augmentations that a configuration asks for and cannot have."""
    asked = strengths(values)
    if row.estimator:
        return [f"{row.name}: is fitted once, without augmentation ({', '.join(asked)})"] if asked else []
    if source_of(values) == "waveform":
        return []
    lost = [name for name in asked if AUGMENTATIONS[name].stage != "pairs"]
    return [f"{values['spectrogram']}: are computed once, out of reach of {', '.join(lost)}"] if lost else []


def input_shape(values: Values, signal: Signal) -> Shape:
    """What the net of a configuration receives of a segment of this kind."""
    frontend, params = branch(values, "spectrogram")
    natural = FRONTENDS[frontend].shape(params, signal)
    if len(natural) != IMAGE:
        return natural
    layout = general(values)
    height, width, channels = natural
    if layout["image_size"] != NATURAL:
        height = width = layout["image_size"]
    if layout["image_width"] is not None:
        width = layout["image_width"]
    if layout["colours"] != "grey":
        return height, width, 3
    return height, width, MODELS[str(values["backbone"])].channels or channels
