"""The space: what may be chosen, drawn from, enumerated, and drawn from until a point can be built."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunebench.catalog.spec import Scalar
from tunebench.space.parameters import Choice, Parameter, children_of, plain

GRID_POINTS = 10
"""Points that a grid takes of a range without steps, as Keras Tuner's does."""


@dataclass(frozen=True, slots=True)
class Space:
    """Parameters by name, in the catalog's order; those of a catalog row are children of its option.

    Those of a group of the file, as `augmentation`, have its name and a dot before their own.
    """

    parameters: Mapping[str, Parameter]

    def choose(self, pick: Callable[[str, Parameter], Scalar]) -> dict[str, Scalar]:
        """Ask `pick(path, parameter)` for a value of each parameter that is active by then."""
        values: dict[str, Scalar] = {}
        _choose(self.parameters, "", pick, values)
        return values

    def sample(self, rng: np.random.Generator) -> dict[str, Scalar]:
        """Draw each active parameter by itself."""
        return self.choose(lambda _, parameter: parameter.sample(rng))

    def contains(self, values: Mapping[str, Scalar]) -> bool:
        """Whether `values` has exactly the active parameters, each with a value it may have."""
        fitting = True

        def pick(path: str, parameter: Parameter) -> Scalar:
            nonlocal fitting
            fitting = fitting and path in values and parameter.contains(values[path])
            return values.get(path)

        return self.choose(pick).keys() == values.keys() and fitting

    def count(self) -> int | None:
        """How many points there are, or None where a range has no steps."""
        return _count(self.parameters)

    def points(self) -> Iterator[dict[str, Scalar]]:
        """Every point of a space without continuous ranges.

        Raises:
            ValueError: a range has no steps.
        """
        if self.count() is None:
            raise ValueError("a continuous range has no list of points; grid() takes some of them")
        return _expand(list(self.parameters.items()), "", lambda parameter: parameter.values() or ())

    def grid(self, points: int = GRID_POINTS) -> Iterator[dict[str, Scalar]]:
        """Every combination; of continuous and logarithmic ranges, `points` evenly spaced values."""
        return _expand(list(self.parameters.items()), "", lambda parameter: parameter.grid(points))

    def tuned(self) -> tuple[str, ...]:
        """Paths of the parameters that have more than one value, active or not."""
        return tuple(path for path, parameter in self.paths() if _has_alternatives(parameter))

    def paths(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its path, parents before children."""
        return _paths(self.parameters, "")

    def to_plain(self) -> dict[str, Any]:
        """As the file writes it, every default written out."""
        top = {name: parameter for name, parameter in self.parameters.items() if "." not in name}
        grouped: dict[str, dict[str, Any]] = {}
        for path, parameter in self.parameters.items():
            group, _, name = path.partition(".")
            if name:
                grouped.setdefault(group, {})[name] = parameter.to_plain()
        return plain(top) | grouped


def _has_alternatives(parameter: Parameter) -> bool:
    values = parameter.values()
    return values is None or len(values) > 1


def _prefix(path: str, value: Scalar) -> str:
    return f"{path}.{value}."


def _choose(
    parameters: Mapping[str, Parameter],
    prefix: str,
    pick: Callable[[str, Parameter], Scalar],
    values: dict[str, Scalar],
) -> None:
    for name, parameter in parameters.items():
        path = prefix + name
        value = values[path] = pick(path, parameter)
        _choose(children_of(parameter, value), _prefix(path, value), pick, values)


def _paths(parameters: Mapping[str, Parameter], prefix: str) -> Iterator[tuple[str, Parameter]]:
    for name, parameter in parameters.items():
        yield prefix + name, parameter
        if isinstance(parameter, Choice):
            for option, children in parameter.children.items():
                yield from _paths(children, _prefix(prefix + name, option))


def _count(parameters: Mapping[str, Parameter]) -> int | None:
    counts: list[int] = []
    for parameter in parameters.values():
        values = parameter.values()
        if values is None:
            return None
        if not isinstance(parameter, Choice):
            counts.append(len(values))
            continue
        below = [_count(children_of(parameter, value)) for value in values]
        if any(count is None for count in below):
            return None
        counts.append(sum(count or 0 for count in below))
    return math.prod(counts)


def _expand(
    items: list[tuple[str, Parameter]], prefix: str, axis: Callable[[Parameter], Iterable[Scalar]]
) -> Iterator[dict[str, Scalar]]:
    if not items:
        yield {}
        return
    (name, parameter), rest = items[0], items[1:]
    path = prefix + name
    for value in axis(parameter):
        below = list(children_of(parameter, value).items())
        for children in _expand(below, _prefix(path, value), axis):
            for others in _expand(rest, prefix, axis):
                yield {path: value, **children, **others}
