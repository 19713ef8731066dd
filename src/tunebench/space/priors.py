"""Priors of parameters, and draws around them, after PriorBand (Mallik et al. 2023)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tunebench.catalog.spec import Scalar
from tunebench.space.parameters import Choice, Fixed, FloatRange, IntRange, Parameter, Prior, Tunable, same
from tunebench.space.space import Space
from tunebench.space.suggest import nearest, shown

DEVIATION = 0.25
"""Standard deviation of draws around a number's prior; the whole range, or its logarithm, is 1 wide."""

FAVOUR = 4
"""How much likelier than any other option a choice's prior is: what PriorBand's code sets beside 0.25."""


def written(value: Scalar) -> str:
    """A value as a file may write it."""
    return value if isinstance(value, str) else shown(value)


def prior_of(parameter: Parameter) -> Prior | None:
    """The prior of a parameter, if it has one."""
    return None if isinstance(parameter, Fixed) else parameter.prior


def with_prior(parameter: Tunable, value: Scalar) -> Tunable:
    """The parameter with `value` as its prior."""
    return replace(parameter, prior=Prior(value))


def priors(space: Space) -> dict[str, Scalar]:
    """The priors by path, those below an option that is not preferred too."""
    return dict(_priors(space))


def at_priors(space: Space) -> Space:
    """The part of a space in which each parameter that has a prior has that value."""
    return Space(_at_priors(space.parameters))


def draw_around_priors(space: Space, rng: np.random.Generator) -> dict[str, Scalar]:
    """Draw each parameter that has a prior around it, the others by chance."""
    return space.choose(lambda _, parameter: _around(parameter, rng))


def expected(parameter: Tunable) -> str:
    """What a value of the parameter must be, in words."""
    match parameter:
        case Choice(options):
            return f"one of the options, {', '.join(map(written, options))}"
        case IntRange(low, high, step):
            steps = f" in steps of {step}" if step > 1 else ""
            return f"a whole number of the range, from {low} to {high}{steps}"
        case FloatRange(low, high):
            return f"a number of the range, from {low:g} to {high:g}"


def nearest_value(parameter: Tunable, value: Any) -> Scalar:
    """The parameter's value that is nearest to `value`, or any of them where there is none."""
    number = value if isinstance(value, int | float) and math.isfinite(value) else None
    match parameter:
        case Choice(options):
            if number is not None and all(type(option) in (int, float) for option in options):
                return min(options, key=lambda option: abs(float(option or 0) - number))
            close = nearest(value, options)
            return next((option for option in options if str(option) == close), options[0])
        case IntRange(low, high, step):
            steps = 0 if number is None else round((number - low) / step)
            return low + step * min(max(steps, 0), (high - low) // step)
        case FloatRange(low, high):
            return low if number is None else min(max(float(number), low), high)


def _priors(space: Space) -> Iterator[tuple[str, Scalar]]:
    for path, parameter in space.paths():
        prior = prior_of(parameter)
        if prior is not None:
            yield path, prior.value


def _at_priors(parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {name: _at_prior(parameter) for name, parameter in parameters.items()}


def _at_prior(parameter: Parameter) -> Parameter:
    prior = prior_of(parameter)
    if not isinstance(parameter, Choice):
        return parameter if prior is None else Fixed(prior.value)
    options = parameter.options if prior is None else (prior.value,)
    below = {
        option: _at_priors(parameter.children[option]) for option in options if option in parameter.children
    }
    return Choice(options, below)


def _around(parameter: Parameter, rng: np.random.Generator) -> Scalar:
    prior = prior_of(parameter)
    if prior is None:
        return parameter.sample(rng)
    match parameter:
        case Choice(options):
            weights = [FAVOUR if same(option, prior.value) else 1 for option in options]
            return options[int(rng.choice(len(options), p=np.array(weights) / sum(weights)))]
        case IntRange(low, high, step, True):
            return _whole(_number(low, high + 1, prior.value, 1, log=True, rng=rng), low, high, step)
        case IntRange(low, high, step):
            return _whole(_number(low, high + step, prior.value, step, log=False, rng=rng), low, high, step)
        case FloatRange(low, high, log):
            return min(max(_number(low, high, prior.value, 0, log=log, rng=rng), low), high)
        case Fixed(value):
            return value


def _number(
    low: float, high: float, prior: Any, width: float, *, log: bool, rng: np.random.Generator
) -> float:
    """A normal around the middle of the `width` that the prior takes, cut off at the bounds."""
    scale, back = (math.log, math.exp) if log else (float, float)
    first, span = scale(low), scale(high) - scale(low)
    if not span:
        return low
    middle = ((scale(prior) + scale(prior + width)) / 2 - first) / span
    while True:
        drawn = rng.normal(middle, DEVIATION)
        if 0 <= drawn <= 1:  # at least half of all draws are
            return back(first + span * drawn)


def _whole(number: float, low: int, high: int, step: int) -> int:
    return low + step * min(max(int((number - low) // step), 0), (high - low) // step)
