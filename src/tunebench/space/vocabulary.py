"""The parameters that a space may name: the catalog's, and which of them exist under which option."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebench.catalog.augmentations import AUGMENTATIONS, GROUP
from tunebench.catalog.feasibility import TABLES
from tunebench.catalog.general import GENERAL
from tunebench.catalog.spec import Scalar, Spec

_ROWS = {
    "spectrogram": "The front-end: waveform in, image or sequence out.",
    "backbone": "The net: image or sequence in, features out.",
}

TOP: Mapping[str, Spec] = {
    **{name: Spec(name, "str", "", doc, options=tuple(TABLES[name])) for name, doc in _ROWS.items()},
    **GENERAL,
}
"""The parameters at the top of `space`."""

AUGMENTATION: Mapping[str, Spec] = {name: row.spec for name, row in AUGMENTATIONS.items()}
"""Those below `space.augmentation`."""

EXAMPLES = {"spectrogram": "mel", "backbone": "cnn"}
"""What to write for the parameters that have no default."""


def chooses_row(path: str) -> bool:
    """Whether the options of this parameter are rows of a catalog table."""
    return path in TABLES


def children(path: str, option: Scalar) -> Mapping[str, Spec]:
    """The parameters that exist under an option of the parameter at `path`."""
    row = TABLES[path].get(str(option)) if path in TABLES else None
    return {spec.name: spec for spec in row.parameters} if row else {}


def spec_of(path: str) -> Spec | None:
    """The parameter at a path such as `spectrogram.mel.n_fft`."""
    table, _, below = path.partition(".")
    if table == GROUP:
        return AUGMENTATION.get(below)
    row, _, name = below.rpartition(".")
    return children(table, row).get(name) if below else TOP.get(path)


def normal(spec: Spec, value: Any) -> Any:
    """A whole number where the catalog has a float is that float."""
    return float(value) if spec.type == "float" and type(value) is int else value


def rows_with(name: str) -> list[str]:
    """Where a parameter that does not belong at the top may stand: `spectrogram.choice.mel`, ..."""
    if name in AUGMENTATION:
        return [GROUP]
    return [
        f"{table}.choice.{row.name}"
        for table, rows in TABLES.items()
        for row in rows.values()
        if any(spec.name == name for spec in row.parameters)
    ]
