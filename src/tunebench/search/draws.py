"""Where the configurations come from that a search begins to train."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tunebench.catalog.spec import Values
from tunebench.seeding import child_rng
from tunebench.space.keras_tuner import from_hyperparameters, to_keras_tuner
from tunebench.space.priors import at_priors, draw_around_priors, priors

if TYPE_CHECKING:
    from tunebench.search.tpe import TpeProposer
    from tunebench.space import Space

MAX_REDRAWS = 10_000
MAX_REPEATED = 20
"""Draws in a row of what was tried before, after which a space counts as used up: as Keras Tuner's own."""

PRIOR_SHARE = 1 / 2
"""Of the draws by chance, those around the priors; so many, so that bad priors cost a search half at most."""


def draw_by_chance(space: Space, rng: np.random.Generator) -> Values:
    """Draw evenly; half the time around the priors where there are any."""
    if priors(space) and rng.random() < PRIOR_SHARE:
        return draw_around_priors(space, rng)
    return space.sample(rng)


class Draws:
    """Stands for Keras Tuner's own `_random_values`: the values of a configuration that begins, or None.

    First come the priors, where there are any, then the `known` configurations, the best of them first and
    at most `most` of them; then what TPE proposes or chance draws. What is not `acceptable`, and what was
    tried before, is passed over. The same calls give the same configurations.
    """

    def __init__(
        self,
        oracle: Any,
        space: Space,
        *,
        seed: int,
        acceptable: Callable[[Values], bool],
        proposer: TpeProposer | None,
        known: Sequence[Values] = (),
        most: int = 0,
    ) -> None:
        self._oracle, self._space, self._seed, self._acceptable = oracle, space, seed, acceptable
        self._proposer = proposer
        self._has_priors = bool(priors(space))
        self._first = self._before_chance(known, most)
        self._drawn = 0

    def __call__(self) -> dict[str, Any] | None:
        """The next one in Keras Tuner's terms, None where nothing new is found.

        Raises:
            LookupError: none of `MAX_REDRAWS` draws in a row is acceptable.
        """
        first = next(self._first, None)
        if first is not None:
            return first
        for _ in range(MAX_REDRAWS):
            values = self._draw()
            if values is None or self._acceptable(from_hyperparameters(self._space, values)):
                return values
        raise LookupError(f"none of {MAX_REDRAWS:,} draws in a row")

    def by_chance(self) -> dict[str, Any] | None:
        """What Keras Tuner's `_random_values` draws, without writing out the space for each parameter."""
        oracle = self._oracle
        for _ in range(MAX_REPEATED + 1):
            point = oracle.hyperparameters.copy()
            point.values = {}
            for parameter in point.space:
                if point.is_active(parameter):
                    point.values[parameter.name] = parameter.random_sample(oracle._seed_state)
                    oracle._seed_state += 1
            if not oracle._duplicate(point.values):
                return point.values
        return None

    def _draw(self) -> dict[str, Any] | None:
        if self._proposer is not None:
            return self._proposed(self._proposer)
        return self._around_priors() if self._has_priors else self.by_chance()

    def _proposed(self, proposer: TpeProposer) -> dict[str, Any] | None:
        """What TPE proposes, unless it was tried before."""
        for _ in range(MAX_REPEATED):
            values = to_keras_tuner(self._space, proposer.propose())
            if not self._oracle._duplicate(values):
                return values
        return None

    def _around_priors(self) -> dict[str, Any] | None:
        """Half the time around the priors. A space is used up by what is drawn evenly alone."""
        self._drawn += 1
        rng = child_rng(self._seed, "draw", self._drawn)
        drawn = draw_by_chance(self._space, rng)
        for _ in range(MAX_REPEATED + 1):
            values = to_keras_tuner(self._space, drawn)
            if not self._oracle._duplicate(values):
                return values
            drawn = self._space.sample(rng)
        return None

    def _before_chance(self, known: Sequence[Values], most: int) -> Iterator[dict[str, Any]]:
        if self._has_priors:
            yield to_keras_tuner(self._space, self._at_priors())
        for values in known:
            if not most:
                return
            tuner = to_keras_tuner(self._space, values)
            if self._acceptable(values) and not self._oracle._duplicate(tuner):
                most -= 1
                yield tuner

    def _at_priors(self) -> Values:
        """The priors themselves; what has none is drawn by chance until all of it can be built."""
        space, rng = at_priors(self._space), child_rng(self._seed, "priors")
        for _ in range(MAX_REDRAWS):
            values = space.sample(rng)
            if self._acceptable(values):
                return values
        raise LookupError(f"none of {MAX_REDRAWS:,} configurations that have the priors")
