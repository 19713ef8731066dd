"""Keras Tuner's Hyperband with its promotions mended (Li et al. 2018)."""

from __future__ import annotations

from typing import Any

from keras_tuner.oracles import HyperbandOracle

_ENDED = ("COMPLETED", "FAILED")


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
        self._planned = 0
        super().__init__(**kwargs)
        self.min_epochs = min_epochs
        self.places: dict[str, str] = {}
        """Names of the trials: their places in the bracket table."""
        self._brackets, self._planned = [], 0
        self._current_bracket = self._get_num_brackets() - 1
        self._start_new_bracket()

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The next trial of the open brackets, or of a new one."""
        self._brackets = [bracket for bracket in self._brackets if not self._complete(bracket)]
        for bracket in self._brackets:
            values = self._first_round(trial_id, bracket) or self._promotion(trial_id, bracket)
            if values:
                return {"status": "RUNNING", "values": values}
        if self._current_bracket > 0 or self._current_iteration + 1 < self.hyperband_iterations:
            self._increment_bracket_num()
            self._start_new_bracket()
            return self.populate_space(trial_id)
        return {"status": "IDLE" if self.ongoing_trials else "STOPPED"}

    def promotable(self) -> set[str]:
        """Trials that may still be promoted, or stand in for one whose promotion fails."""
        found: set[str] = set()
        for bracket in self._brackets:
            rounds = bracket["rounds"]
            for number in range(1, len(rounds)):
                if not self._ended(bracket, number):
                    selected = {entry["past_id"] for entry in rounds[number]}
                    below = {entry["id"] for entry in rounds[number - 1]} - selected
                    found |= {name for name in below if self.trials[name].status == "COMPLETED"}
        return found

    def _first_round(self, trial_id: str, bracket: dict[str, Any]) -> dict[str, Any] | None:
        if len(bracket["rounds"][0]) >= self._expected(bracket, 0):
            return None
        values = self._random_values()
        if values is None:
            bracket["exhausted"] = True
            return None
        return self._enter(trial_id, bracket, 0, values, past_id=None)

    def _promotion(self, trial_id: str, bracket: dict[str, Any]) -> dict[str, Any] | None:
        rounds = bracket["rounds"]
        for number in range(1, len(rounds)):
            if not self._ended(bracket, number - 1):
                return None
            if len(rounds[number]) >= self._expected(bracket, number):
                continue
            running = any(self.trials[entry["id"]].status not in _ENDED for entry in rounds[number])
            if running and len(rounds[number]) >= self._get_size(bracket["bracket_num"], number):
                return None  # who replaces whom must not depend on which of two failures is told first
            selected = {entry["past_id"] for entry in rounds[number]}
            waiting = [self.trials[e["id"]] for e in rounds[number - 1] if e["id"] not in selected]
            completed = [trial for trial in waiting if trial.status == "COMPLETED"]
            sign = -1 if self.objective.direction == "max" else 1
            best = min(completed, key=lambda trial: sign * trial.score)
            values = {**best.hyperparameters.values, "tuner/trial_id": best.trial_id}
            return self._enter(trial_id, bracket, number, values, past_id=best.trial_id)
        return None

    def _enter(
        self,
        trial_id: str,
        bracket: dict[str, Any],
        number: int,
        values: dict[str, Any],
        *,
        past_id: str | None,
    ) -> dict[str, Any]:
        place = self._place(bracket, number)
        bracket["rounds"][number].append({"past_id": past_id, "id": trial_id})
        self.places[trial_id] = place
        bracket_number = bracket["bracket_num"]
        return {
            **values,
            "tuner/epochs": self._get_epochs(bracket_number, number),
            "tuner/initial_epoch": self._get_epochs(bracket_number, number - 1) if number else 0,
            "tuner/bracket": bracket_number,
            "tuner/round": number,
        }

    def _place(self, bracket: dict[str, Any], number: int) -> str:
        """Name of the next trial of a round: its place in the bracket table, `0012`.

        The trial that replaces a failed one is named after it, `0012-2`, so that no other name moves.
        """
        entries, sizes = bracket["rounds"][number], self._sizes(bracket)
        if len(entries) < sizes[number]:
            return f"{bracket['first'] + sum(sizes[:number]) + len(entries):04d}"
        failed = [entry["id"] for entry in entries if self.trials[entry["id"]].status == "FAILED"]
        place, _, attempt = self.places[failed[len(entries) - sizes[number]]].partition("-")
        return f"{place}-{int(attempt or 1) + 1}"

    def _sizes(self, bracket: dict[str, Any]) -> list[int]:
        return [self._get_size(bracket["bracket_num"], number) for number in range(len(bracket["rounds"]))]

    def _start_new_bracket(self) -> None:
        super()._start_new_bracket()
        bracket = self._brackets[-1]
        bracket["first"] = self._planned
        self._planned += sum(self._sizes(bracket))

    def _wanted(self, bracket: dict[str, Any], number: int) -> int:
        """How many a round should hold, a replacement for each of its failures included."""
        if number == 0 and bracket.get("exhausted"):
            return len(bracket["rounds"][0])
        failed = (
            sum(self.trials[e["id"]].status == "FAILED" for e in bracket["rounds"][number]) if number else 0
        )
        return self._get_size(bracket["bracket_num"], number) + failed

    def _expected(self, bracket: dict[str, Any], number: int) -> int:
        """How many a round will hold in the end, as far as can be known now."""
        wanted = self._wanted(bracket, number)
        if number == 0 or not self._ended(bracket, number - 1):
            return wanted
        below = bracket["rounds"][number - 1]
        return min(wanted, sum(self.trials[entry["id"]].status == "COMPLETED" for entry in below))

    def _ended(self, bracket: dict[str, Any], number: int) -> bool:
        entries = bracket["rounds"][number]
        return len(entries) >= self._expected(bracket, number) and all(
            entry["id"] in self.trials and self.trials[entry["id"]].status in _ENDED for entry in entries
        )

    def _complete(self, bracket: dict[str, Any]) -> bool:
        return all(self._ended(bracket, number) for number in range(len(bracket["rounds"])))
