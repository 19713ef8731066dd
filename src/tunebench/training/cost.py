"""What a structure costs, before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from tunebench.backbones import build
from tunebench.catalog.spec import Signal, Values
from tunebench.catalog.structure import Structure, structure_of

if TYPE_CHECKING:
    from tunebench.space.sections import ConstraintsSection

_BYTES = 4


@cache
def parameters(structure: Structure) -> int:
    """Parameters of net and head, counted on the built model."""
    return build(structure).model.count_params()


def too_costly(
    constraints: ConstraintsSection, signal: Signal, *, classes: int, precision: str
) -> Callable[[Values], str | None]:
    """Says of a configuration why it breaks the constraints, or None."""

    def reason(values: Values) -> str | None:
        count = parameters(structure_of(values, signal, classes=classes, precision=precision))
        if constraints.max_parameters is not None and count > constraints.max_parameters:
            limit = f"constraints.max_parameters {constraints.max_parameters:,}"
            return f"it has {count:,} parameters, above {limit}"
        size_mb = count * _BYTES / 1e6
        if constraints.max_size_mb is not None and size_mb > constraints.max_size_mb:
            return f"it takes {size_mb:.1f} MB, above constraints.max_size_mb {constraints.max_size_mb:g}"
        return None

    return reason
