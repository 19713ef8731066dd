"""The kinds of parameter a space is made of. Bounds are inclusive."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tunebench.catalog.spec import Scalar


@dataclass(frozen=True, slots=True)
class Prior:
    """The value that a user expects to be good."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Fixed:
    """One value."""

    value: Scalar

    def sample(self, rng: np.random.Generator) -> Scalar:
        """The value."""
        return self.value

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is the value, type included."""
        return same(value, self.value)

    def values(self) -> Sequence[Scalar]:
        """All values."""
        return (self.value,)

    def grid(self, points: int) -> Sequence[Scalar]:
        """All values."""
        return (self.value,)

    def to_plain(self) -> Any:
        """As the file writes it."""
        return self.value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values; `children` holds the parameters that exist under an option alone."""

    options: tuple[Scalar, ...]
    children: Mapping[Scalar, Mapping[str, Parameter]] = field(
        default_factory=dict[Scalar, Mapping[str, "Parameter"]]
    )
    prior: Prior | None = None

    def sample(self, rng: np.random.Generator) -> Scalar:
        """Each option is as likely as any other."""
        return self.options[int(rng.integers(len(self.options)))]

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is an option, type included."""
        return any(same(value, option) for option in self.options)

    def values(self) -> Sequence[Scalar]:
        """All options."""
        return self.options

    def grid(self, points: int) -> Sequence[Scalar]:
        """All options."""
        return self.options

    def to_plain(self) -> Any:
        """As the file writes it: a list, or a mapping where options have parameters."""
        options: Any = list(self.options)
        if self.children:
            options = {option: plain(self.children.get(option, {})) for option in self.options}
        return {"choice": options, **_plain_prior(self.prior)}


@dataclass(frozen=True, slots=True)
class IntRange:
    """Whole numbers from `low` to `high`, every `step`-th, or evenly over their logarithm."""

    low: int
    high: int
    step: int = 1
    log: bool = False
    prior: Prior | None = None

    def sample(self, rng: np.random.Generator) -> int:
        """With `log`, a number is as likely as the stretch of logarithm up to the next."""
        if self.log:
            drawn = int(math.exp(rng.uniform(math.log(self.low), math.log(self.high + 1))))
            return min(max(drawn, self.low), self.high)
        return self.low + self.step * int(rng.integers((self.high - self.low) // self.step + 1))

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is a whole number on the range's steps."""
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def values(self) -> Sequence[int]:
        """All numbers."""
        return range(self.low, self.high + 1, self.step)

    def grid(self, points: int) -> Sequence[int]:
        """All numbers, or `points` of them with `log`."""
        if not self.log:
            return self.values()
        spaced = np.geomspace(self.low, self.high, points)
        return sorted({min(max(round(float(value)), self.low), self.high) for value in spaced})

    def to_plain(self) -> Any:
        """As the file writes it."""
        bounds = [self.low, self.high]
        form = {"log_int": bounds} if self.log else {"int": bounds, "step": self.step}
        return {**form, **_plain_prior(self.prior)}


@dataclass(frozen=True, slots=True)
class FloatRange:
    """Numbers from `low` to `high`, evenly, or evenly over their logarithm."""

    low: float
    high: float
    log: bool = False
    prior: Prior | None = None

    def sample(self, rng: np.random.Generator) -> float:
        """Uniform, or uniform in the logarithm."""
        if self.log:
            return self._clip(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))
        return self._clip(float(rng.uniform(self.low, self.high)))

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is a float within the bounds."""
        return isinstance(value, float) and self.low <= value <= self.high

    def values(self) -> None:
        """There are too many to list."""
        return

    def grid(self, points: int) -> Sequence[float]:
        """`points` numbers, both bounds among them."""
        spaced = (np.geomspace if self.log else np.linspace)(self.low, self.high, points)
        return sorted({self._clip(float(value)) for value in spaced})

    def to_plain(self) -> Any:
        """As the file writes it."""
        return {"log_float" if self.log else "float": [self.low, self.high], **_plain_prior(self.prior)}

    def _clip(self, value: float) -> float:
        return min(max(value, self.low), self.high)


Tunable = Choice | IntRange | FloatRange
Parameter = Fixed | Tunable


def same(value: Scalar, other: Scalar) -> bool:
    """Equal, and of one type: 1, 1.0 and true are three values."""
    return type(value) is type(other) and value == other


def children_of(parameter: Parameter, value: Scalar) -> Mapping[str, Parameter]:
    """The parameters that exist where `parameter` has `value`."""
    return parameter.children.get(value, {}) if isinstance(parameter, Choice) else {}


def _plain_prior(prior: Prior | None) -> dict[str, Any]:
    return {} if prior is None else {"prior": prior.value}


def plain(parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """Parameters as the file writes them."""
    return {name: parameter.to_plain() for name, parameter in parameters.items()}
