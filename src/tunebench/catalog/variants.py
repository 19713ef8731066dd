"""Copies of a track at another pitch or speed: which of them a strength allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tunebench.catalog.augmentations import strengths
from tunebench.catalog.spec import Values

VERSION = 1
"""Of what is computed: another one computes all variants anew."""

RATE_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Variant:
    """A whole track, altered by the row `name` of stage "variants", whose function is given `amount`.

    It plays `rate` times as fast as the track.
    """

    name: str
    amount: float
    rate: float = 1.0

    def at(self, sample: int) -> int:
        """Where the moment that is at `sample` in the track is in the variant."""
        return round(sample / self.rate)


def _pitches(semitones: float) -> Iterator[Variant]:
    for step in range(1, int(semitones) + 1):
        yield from (Variant("pitch_shift", float(amount)) for amount in (-step, step))


def _speeds(share: float) -> Iterator[Variant]:
    for step in range(1, int(share / RATE_STEP + 1e-6) + 1):
        rates = (round(1 + sign * step * RATE_STEP, 4) for sign in (-1, 1))
        yield from (Variant("time_stretch", rate, rate) for rate in rates)


_ALLOWED: Mapping[str, Callable[[float], Iterator[Variant]]] = {
    "pitch_shift": _pitches,
    "time_stretch": _speeds,
}


def variants_of(values: Values) -> tuple[Variant, ...]:
    """What the strengths of a configuration allow; those of a lower strength are among those of a higher."""
    asked = strengths(values)
    return tuple(variant for name, allowed in _ALLOWED.items() for variant in allowed(asked.get(name, 0.0)))
