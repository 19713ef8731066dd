"""Keras Tuner's Hyperband with its promotions mended (Li et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from keras_tuner.oracles import HyperbandOracle


@dataclass(slots=True)
class Round:
    """The trials of one rung of one bracket, in the order they were asked for, and how they ended."""

    size: int
    first: int
    """Place of its first trial in the whole bracket table."""
    ids: list[str] = field(default_factory=list)
    promoted: set[str] = field(default_factory=set)
    """Trials of the round below that went on here."""
    completed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    exhausted: bool = False
    """The space has no further points to begin with."""

    @property
    def running(self) -> int:
        """Trials that have not ended."""
        return len(self.ids) - len(self.completed) - len(self.failed)


@dataclass(slots=True)
class Bracket:
    """Rounds, each a share of the one before trained longer; `number` counts how many follow the first."""

    number: int
    rounds: list[Round]

    def expected(self, number: int) -> int:
        """How many trials a round will hold in the end, as far as can be known now."""
        current = self.rounds[number]
        if number == 0:
            return len(current.ids) if current.exhausted else current.size
        wanted = current.size + len(current.failed)  # a replacement for each failure
        below = self.rounds[number - 1]
        return min(wanted, len(below.completed)) if self.ended(number - 1) else wanted

    def ended(self, number: int) -> bool:
        """Whether a round holds all its trials, and all have ended."""
        current = self.rounds[number]
        if current.running or (len(current.ids) < current.size and not number and not current.exhausted):
            return False
        return len(current.ids) >= self.expected(number)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return all(self.ended(number) for number in range(len(self.rounds)))


class MendedHyperbandOracle(HyperbandOracle):
    """Hyperband in which a failed trial takes no place from the others.

    Stock counts only completed trials towards a round, so that each failure costs a promotion, often
    one to the full budget. Here a failed trial of the first round counts as the worst of it, and one
    of a later round is replaced by the next best of the round below. A space with fewer configurations
    than a bracket asks for fills the bracket with what there is. `tuner/bracket` is the trial's own.

    A round promotes once it has ended, so that what is asked for depends on the scores alone and not on the
    order in which parallel trials end: workers without work begin the next bracket meanwhile.
    """

    def __init__(self, *, min_epochs: int, **kwargs: Any) -> None:
        self._open: list[Bracket] = []
        self._planned = 0
        self._rounds: dict[str, Round] = {}
        self.places: dict[str, str] = {}
        """Names of the trials: their places in the bracket table."""
        super().__init__(**kwargs)
        self.min_epochs = min_epochs
        self._open, self._planned = [], 0
        self._current_bracket = self._get_num_brackets() - 1
        self._start_new_bracket()

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The next trial of the open brackets, or of a new one."""
        self._open = [bracket for bracket in self._open if not bracket.complete]
        for bracket in self._open:
            values = self._first_round(trial_id, bracket) or self._promotion(trial_id, bracket)
            if values:
                return {"status": "RUNNING", "values": values}
        if self._current_bracket > 0 or self._current_iteration + 1 < self.hyperband_iterations:
            self._increment_bracket_num()
            self._start_new_bracket()
            return self.populate_space(trial_id)
        return {"status": "IDLE" if self.ongoing_trials else "STOPPED"}

    def end_trial(self, trial: Any) -> None:
        """Note how a trial ended."""
        super().end_trial(trial)
        current = self._rounds.pop(trial.trial_id)
        (current.completed if trial.status == "COMPLETED" else current.failed).append(trial.trial_id)

    def promotable(self) -> set[str]:
        """Trials that may still be promoted, or stand in for one whose promotion fails."""
        found: set[str] = set()
        for bracket in self._open:
            for number, (below, current) in enumerate(zip(bracket.rounds, bracket.rounds[1:], strict=False)):
                if below.completed and not bracket.ended(number + 1):
                    found.update(name for name in below.completed if name not in current.promoted)
        return found

    def _first_round(self, trial_id: str, bracket: Bracket) -> dict[str, Any] | None:
        current = bracket.rounds[0]
        if len(current.ids) >= bracket.expected(0):
            return None
        values = self._random_values()
        if values is None:
            current.exhausted = True
            return None
        return self._enter(trial_id, bracket, 0, values)

    def _promotion(self, trial_id: str, bracket: Bracket) -> dict[str, Any] | None:
        for number in range(1, len(bracket.rounds)):
            below, current = bracket.rounds[number - 1], bracket.rounds[number]
            if not bracket.ended(number - 1):
                return None
            if len(current.ids) >= bracket.expected(number):
                continue
            if current.running and len(current.ids) >= current.size:
                return None  # who replaces whom must not depend on which of two failures is told first
            sign = -1 if self.objective.direction == "max" else 1
            waiting = [name for name in below.ids if name not in current.promoted]
            completed = [self.trials[name] for name in waiting if self.trials[name].status == "COMPLETED"]
            best = min(completed, key=lambda trial: sign * trial.score)
            current.promoted.add(best.trial_id)
            values = {**best.hyperparameters.values, "tuner/trial_id": best.trial_id}
            return self._enter(trial_id, bracket, number, values)
        return None

    def _enter(self, trial_id: str, bracket: Bracket, number: int, values: dict[str, Any]) -> dict[str, Any]:
        current = bracket.rounds[number]
        self.places[trial_id] = self._place(current)
        self._rounds[trial_id] = current
        current.ids.append(trial_id)
        return {
            **values,
            "tuner/epochs": self._get_epochs(bracket.number, number),
            "tuner/initial_epoch": self._get_epochs(bracket.number, number - 1) if number else 0,
            "tuner/bracket": bracket.number,
            "tuner/round": number,
        }

    def _place(self, current: Round) -> str:
        """Name of the next trial of a round: its place in the bracket table, `0012`.

        The trial that replaces a failed one is named after it, `0012-2`, so that no other name moves.
        """
        if len(current.ids) < current.size:
            return f"{current.first + len(current.ids):04d}"
        in_order = sorted(current.failed, key=current.ids.index)
        place, _, attempt = self.places[in_order[len(current.ids) - current.size]].partition("-")
        return f"{place}-{int(attempt or 1) + 1}"

    def _start_new_bracket(self) -> None:
        rounds: list[Round] = []
        for number in range(self._current_bracket + 1):
            rounds.append(Round(self._get_size(self._current_bracket, number), self._planned))
            self._planned += rounds[-1].size
        self._open.append(Bracket(self._current_bracket, rounds))
