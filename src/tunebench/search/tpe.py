"""Configurations proposed from earlier results by Optuna's TPE, as in Falkner et al. 2018."""

from __future__ import annotations

import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import optuna

from tunebench.catalog.spec import Values
from tunebench.search.draws import draw_by_chance
from tunebench.search.observations import Observation
from tunebench.search.optuna_space import as_trial, new_study, suggest
from tunebench.seeding import child_seed

if TYPE_CHECKING:
    from tunebench.space import Space

RANDOM_SHARE = 1 / 3
"""Of the proposals, so that no good region is shut out for ever."""

ENOUGH = 12
"""Results after the same number of epochs from which on they are fitted."""


@dataclass(slots=True)
class TpeProposer:
    """Proposes a configuration at a time, from results after the most epochs that enough of them reached.

    Scores after 1 epoch and after 27 cannot be compared, so all are taken after the same number of epochs,
    one at which rungs end; those that were trained longer count with what they had then. Configurations
    that are being trained count as bad (constant liar), so that parallel workers are not sent to one place.
    The same calls in the same order give the same proposals.

    Until there are `ENOUGH` results, those of `earlier` searches are fitted alone, each by its rank among its
    own: TPE asks for no more, and scores on other data mean nothing. Afterwards they count as results of this
    search if they are comparable with it, and no more if they are not.
    """

    space: Space
    direction: Literal["min", "max"]
    seed: int
    earlier: Sequence[Observation] = ()
    _curves: dict[str, dict[int, float]] = field(default_factory=dict[str, Any])
    _values: dict[str, Values] = field(default_factory=dict[str, Values])
    _reached: dict[str, int] = field(default_factory=dict[str, int])
    _running: dict[str, Values] = field(default_factory=dict[str, Values])
    _proposed: int = 0

    def propose(self) -> Values:
        """The next configuration. It may be infeasible, or one that was proposed before."""
        self._proposed += 1
        rng = np.random.default_rng(child_seed(self.seed, "proposal", self._proposed))
        results = self._fitted()
        if results is None or rng.random() < RANDOM_SHARE:
            return draw_by_chance(self.space, rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of all three
            sampler = optuna.samplers.TPESampler(
                multivariate=True,
                group=True,  # conditional parameters together with their siblings
                constant_liar=True,
                n_startup_trials=0,
                seed=int(rng.integers(2**31)),
            )
        study = new_study(self.direction, sampler=sampler)
        study.add_trials([as_trial(self.space, values, score) for values, score in results])
        study.add_trials([as_trial(self.space, values, None) for values in self._running.values()])
        trial = study.ask()
        return self.space.choose(lambda path, parameter: suggest(trial, path, parameter))

    def begin(self, configuration: str, values: Values) -> None:
        """A proposal is being trained."""
        self._running[configuration] = values

    def end(self, configuration: str, values: Values, curve: Mapping[int, float], epochs: int) -> None:
        """It was trained, on a rung of so many epochs; `curve` is its score by new epoch.

        Empty if it had stopped early on an earlier rung.
        """
        self._running.pop(configuration, None)
        known = self._curves.get(configuration, {}) | dict(curve)
        if known:
            self._reached[configuration] = epochs  # by early stopping too: its score stands
            self._values[configuration], self._curves[configuration] = values, known

    def fail(self, configuration: str) -> None:
        """Its trial failed; what is known of it stays."""
        self._running.pop(configuration, None)

    def _fitted(self) -> list[tuple[Values, float]] | None:
        """Configurations and their scores, those of earlier searches or of this one; None if too few."""
        own = [
            Observation(self._values[name], self._curves[name], rung, comparable=True)
            for name, rung in self._reached.items()
        ]
        if len(own) >= ENOUGH:
            return self._same_epochs([*own, *(seen for seen in self.earlier if seen.comparable)])
        return self._ranked_earlier()

    def _ranked_earlier(self) -> list[tuple[Values, float]] | None:
        """Earlier configurations and their ranks among those of the same search, from 0 to 1."""
        found: list[tuple[Values, float]] = []
        for source in sorted({seen.source for seen in self.earlier}):
            seen = [seen for seen in self.earlier if seen.source == source]
            scored = self._same_epochs(seen, enough=min(ENOUGH, len(seen))) or []
            ordered = sorted(score for _, score in scored)
            found += [
                (values, (bisect_left(ordered, score) + bisect_right(ordered, score)) / (2 * len(ordered)))
                for values, score in scored
            ]
        return found if len(found) >= ENOUGH else None

    def _same_epochs(
        self, pool: Sequence[Observation], enough: int = ENOUGH
    ) -> list[tuple[Values, float]] | None:
        """Configurations and their best scores by the end of the longest rung that enough of them reached."""
        for epochs in sorted({seen.epochs for seen in pool}, reverse=True):
            scored = [
                (seen.values, seen.score(self.direction, epochs)) for seen in pool if seen.epochs >= epochs
            ]
            found = [(values, score) for values, score in scored if score is not None]
            if len(found) >= enough:
                return found
        return None
