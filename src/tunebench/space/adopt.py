"""Configurations of another search as this space has them."""

from __future__ import annotations

from collections.abc import Mapping

from tunebench.catalog.spec import Scalar, Spec
from tunebench.space.parameters import Parameter
from tunebench.space.priors import written
from tunebench.space.space import Space
from tunebench.space.vocabulary import normal, spec_of

_NOTHING = ("", "None")
"""How a table and MLflow write null, which stands only where it is the default."""


def typed(texts: Mapping[str, str]) -> dict[str, Scalar]:
    """Values by path out of a table's or MLflow's texts; what is empty is left out."""
    return {path: _typed(spec_of(path), text) for path, text in texts.items() if text not in _NOTHING}


def adopt(space: Space, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """The configuration in this space; a parameter that it does not name has the catalog's default.

    Raises:
        ValueError: it does not lie in the space; says why.
    """
    outside: list[str] = []

    def pick(path: str, parameter: Parameter) -> Scalar:
        spec = spec_of(path)
        value = values.get(path, normal(spec, spec.default) if spec else None)
        if not parameter.contains(value):
            outside.append(f"{path} {written(value)} is not in the space")
        return value

    found = space.choose(pick)
    outside += [f"{path} is no parameter of the space" for path in values if path not in found]
    if outside:
        raise ValueError(outside[0])
    return found


def _typed(spec: Spec | None, text: str) -> Scalar:
    if spec is None:
        return text
    for option in spec.options:
        if str(option) == text:
            return option
    if spec.type == "bool":
        return text == "True"
    try:
        return {"int": int, "float": float}.get(spec.type, str)(text)
    except ValueError:
        return text
