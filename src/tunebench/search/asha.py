"""Asynchronous successive halving: nobody waits for a round to end (Li et al. 2020, MLSys)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras_tuner

from tunebench.search.brackets import Rung


@dataclass(slots=True)
class Level:
    """The trials of one rung, and how they ended."""

    epochs: int
    most: int
    """Trials that it may hold, and one more for each that fails."""
    ids: dict[str, int] = field(default_factory=dict)
    """Positions by trial."""
    completed: list[str] = field(default_factory=list)
    failed: int = 0
    promoted: set[str] = field(default_factory=set)
    """Trials of it that went on to the next."""

    @property
    def running(self) -> int:
        """Trials that have not ended."""
        return len(self.ids) - len(self.completed) - self.failed

    @property
    def free(self) -> int:
        """Places for trials yet to come."""
        return self.most + self.failed - len(self.ids)


class AshaOracle(keras_tuner.Oracle):
    """Keras Tuner's oracle interface over rungs that promote as soon as they can.

    Whoever asks is given the best trial that is among the best `1 / factor` of its rung so far, the highest
    rung first; and a new configuration where nobody is. With nine trials of one epoch ended and factor 3, the
    next three asks are answered with the three best of them. Failed trials count as the worst of their rung,
    and leave the place that they were promoted to.

    Which trials are promoted depends on who ends first: with parallel workers, two searches differ.
    """

    def __init__(self, *, table: Sequence[Rung], factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._factor = factor
        self._levels = [Level(rung.epochs_to, rung.size) for rung in table]
        self._level_of: dict[str, int] = {}
        self._exhausted = self._over = False

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """A promotion, or a new configuration."""
        values = self._promotion(trial_id) or self._beginning(trial_id)
        if values is not None:
            return {"status": "RUNNING", "values": values}
        self._over = not self.ongoing_trials
        return {"status": "STOPPED" if self._over else "IDLE"}

    def end_trial(self, trial: Any) -> None:
        """Note how a trial ended."""
        super().end_trial(trial)
        level = self._levels[self._level_of[trial.trial_id]]
        if trial.status == "COMPLETED":
            level.completed.append(trial.trial_id)
        else:
            level.failed += 1

    def promotable(self) -> set[str]:
        """Trials that may still be promoted: those that would be if all that runs and may come were worse."""
        found: set[str] = set()
        for number, (level, above) in enumerate(zip(self._levels, self._levels[1:], strict=False)):
            if not self._over and above.free + above.running > 0:
                most = len(level.ids) + max(0, level.free) + level.running
                found.update(self._best(number, most, failing=above.running))
        return found

    def _promotion(self, trial_id: str) -> dict[str, Any] | None:
        for number in reversed(range(len(self._levels) - 1)):
            level = self._levels[number]
            best = self._best(number, len(level.completed) + level.failed)
            if best and self._levels[number + 1].free > 0:
                level.promoted.add(best[0])
                values = self.trials[best[0]].hyperparameters.values
                return self._enter(trial_id, number + 1, {**values, "tuner/trial_id": best[0]})
        return None

    def _best(self, number: int, of: int, *, failing: int = 0) -> list[str]:
        """Trials of a rung that would be promoted if so many of it had ended, and were not; best first.

        `failing` trials of the next rung are taken to fail.
        """
        level = self._levels[number]
        places = of // self._factor + self._levels[number + 1].failed + failing
        sign = -1 if self.objective.direction == "max" else 1
        ranked = sorted(level.completed, key=lambda name: (sign * self.trials[name].score, level.ids[name]))
        return [name for name in ranked[:places] if name not in level.promoted]

    def _beginning(self, trial_id: str) -> dict[str, Any] | None:
        first = self._levels[0]
        if self._exhausted or len(first.ids) >= first.most:
            return None
        values = self._random_values()
        if values is None:
            self._exhausted = True
            return None
        return self._enter(trial_id, 0, values)

    def _enter(self, trial_id: str, number: int, values: dict[str, Any]) -> dict[str, Any]:
        ids = self._levels[number].ids
        ids[trial_id] = len(ids)
        self._level_of[trial_id] = number
        return {
            **values,
            "tuner/epochs": self._levels[number].epochs,
            "tuner/initial_epoch": self._levels[number - 1].epochs if number else 0,
            "tuner/bracket": 0,
            "tuner/round": number,
        }
