"""Which configurations can be built at all, decided before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebench.catalog.backbones import BACKBONES
from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.general import GENERAL
from tunebench.catalog.spec import BackboneRow, FrontendRow, Signal, Values

TABLES: Mapping[str, Mapping[str, FrontendRow] | Mapping[str, BackboneRow]] = {
    "spectrogram": FRONTENDS,
    "backbone": BACKBONES,
}
"""The parameters that choose a row of a catalog table."""


def branch(values: Values, parameter: str) -> tuple[str, dict[str, Any]]:
    """The row that `parameter` chooses, and its parameters by their own names, defaults filled in."""
    name = str(values[parameter])
    prefix = f"{parameter}.{name}."
    row = TABLES[parameter][name]
    return name, {spec.name: values.get(prefix + spec.name, spec.default) for spec in row.parameters}


def general(values: Values) -> dict[str, Any]:
    """The general parameters, defaults filled in."""
    return {name: values.get(name, spec.default) for name, spec in GENERAL.items()}


def reasons(values: Values, signal: Signal) -> list[str]:
    """Why a configuration cannot be built on segments of this kind; empty if it can."""
    frontend, frontend_params = branch(values, "spectrogram")
    backbone, _ = branch(values, "backbone")
    found = [f"{frontend}: {reason}" for reason in FRONTENDS[frontend].check(frontend_params, signal)]
    side, min_side = general(values)["image_size"], BACKBONES[backbone].min_side
    if side < min_side:
        found.append(f"{backbone}: image_size {side} is below its smallest image, {min_side}")
    return found
