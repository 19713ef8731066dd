"""Which points of a space can be built: draws that are, the share that is not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tunebench.catalog.feasibility import TABLES, reasons
from tunebench.catalog.spec import Signal, Values
from tunebench.errors import SpaceError
from tunebench.space.parameters import Choice, Parameter
from tunebench.space.priors import at_priors, priors
from tunebench.space.space import Space

MAX_DRAWS = 10_000
MAX_POINTS = 10_000
"""Up to so many points a space is decided by looking at each of them."""

_SHOWN_REASONS = 5


@dataclass(frozen=True, slots=True)
class FeasibleShare:
    """What a number of draws gave. `reasons` counts why draws cannot be built, the commonest first."""

    draws: int
    infeasible: int
    reasons: Mapping[str, int]


def draw_feasible(space: Space, rng: np.random.Generator, signal: Signal) -> Values:
    """Draw until a point can be built on segments of this kind.

    Raises:
        SpaceError: none of `MAX_DRAWS` draws can be built.
    """
    found: Counter[str] = Counter()
    for _ in range(MAX_DRAWS):
        values = space.sample(rng)
        why = reasons(values, signal)
        if not why:
            return values
        found.update(why)
    raise SpaceError(_nothing(f"none of {MAX_DRAWS:,} points drawn", found))


def check_feasible(space: Space, signal: Signal) -> None:
    """Look at every point of a space as far as it decides what can be built; at a sample if there are many.

    Those that have its priors, with which a search begins, are looked at by themselves.

    Raises:
        SpaceError: no point can be built, or none of `MAX_DRAWS`; or none of those that have the priors.
    """
    _check(_deciding(space), signal)
    preferred = priors(space)
    if preferred:
        try:
            _check(_deciding(at_priors(space)), signal)
        except SpaceError as error:
            said = ", ".join(f"{path} {value}" for path, value in preferred.items())
            raise SpaceError(f"the priors ({said}) do not go together: {error} Or change a prior.") from None


def _check(deciding: Space, signal: Signal) -> None:
    count = deciding.count()
    if count is None or count > MAX_POINTS:
        draw_feasible(deciding, np.random.default_rng(0), signal)
        return
    found: Counter[str] = Counter()
    for values in deciding.points():
        why = reasons(values, signal)
        if not why:
            return
        found.update(why)
    raise SpaceError(_nothing(f"none of the {count:,} combinations", found))


def feasible_share(
    space: Space, signal: Signal, rng: np.random.Generator, draws: int = 1000
) -> FeasibleShare:
    """Draw so many points and count those that cannot be built, with their reasons."""
    found: Counter[str] = Counter()
    infeasible = 0
    for _ in range(draws):
        why = reasons(space.sample(rng), signal)
        infeasible += bool(why)
        found.update(why)
    return FeasibleShare(draws, infeasible, dict(found.most_common()))


def _deciding(space: Space) -> Space:
    """The part of a space that feasibility depends on: the front-end, the backbone's name, the image."""
    kept: dict[str, Parameter] = {}
    for name in ("spectrogram", "backbone", "image_size", "image_width", "colours"):
        parameter = space.parameters[name]
        if name == "backbone" and isinstance(parameter, Choice):
            parameter = Choice(parameter.options)
        kept[name] = parameter
    return Space(kept)


def _nothing(what: str, found: Counter[str]) -> str:
    lines = "\n".join(f"  {count:,} times: {reason}" for reason, count in found.most_common(_SHOWN_REASONS))
    tables = " or ".join(f"space.{name}" for name in TABLES)
    advice = f"Change {tables}, space.image_size or data.segment."
    return f"{what} of the space can be built on these segments:\n{lines}\n{advice}"
