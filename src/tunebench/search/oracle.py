"""Keras Tuner's oracles behind ask and tell."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any

import keras_tuner
from keras_tuner import oracles

from tunebench.catalog.feasibility import reasons
from tunebench.catalog.spec import Signal, Values
from tunebench.errors import SpaceError
from tunebench.search.asha import AshaOracle
from tunebench.search.brackets import planned
from tunebench.search.draws import MAX_REDRAWS, Draws
from tunebench.search.hyperband import MendedHyperbandOracle
from tunebench.search.observations import Observation, best_first
from tunebench.search.protocols import Proposal
from tunebench.search.tpe import TpeProposer
from tunebench.seeding import child_seed
from tunebench.space.keras_tuner import from_hyperparameters, to_hyperparameters
from tunebench.trial import Status, TrialResult, direction

if TYPE_CHECKING:
    from tunebench.space import SearchSection, Space

KNOWN_SHARE = 4
"""One of so many configurations of the first bracket may be one that an earlier search found good."""

HALVING = ("hyperband", "asha")
"""Algorithms that train a share of the configurations further, rung by rung."""

_NEVER = 10**9


class KerasTunerOracle:
    """Ask and tell over an oracle of Keras Tuner's, which keeps nothing on disk here.

    Infeasible points are redrawn, or where the oracle proposes rather than draws, passed over; both
    are counted in `infeasible`, and neither uses up a trial. So is what is `too_costly`. The best `earlier`
    observations are tried first, and TPE is fitted on all of them.
    """

    def __init__(
        self,
        space: Space,
        search: SearchSection,
        signal: Signal,
        *,
        too_costly: Callable[[Values], str | None] = lambda values: None,
        earlier: Sequence[Observation] = (),
    ) -> None:
        self._too_costly, self._last_reason = too_costly, ""
        self.infeasible = 0
        self._space, self._signal = space, signal
        self._limit = None if search.algorithm in HALVING else search.max_trials
        self._max_epochs = search.max_epochs
        self._oracle = _make(space, search)
        self._proposer = (
            TpeProposer(space, direction(search.objective), child_seed(search.seed, "tpe"), earlier)
            if search.sampler == "tpe"
            else None
        )
        self._draws = Draws(
            self._oracle,
            space,
            seed=search.seed,
            acceptable=self._acceptable,
            proposer=self._proposer,
            known=best_first(earlier, direction(search.objective)),
            most=max(1, _begun_together(search) // KNOWN_SHARE),
        )
        self._hide_from_disk()
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._configurations: dict[str, str] = {}
        self._proposals: dict[str, Proposal] = {}
        self._begun = 0
        self._may_be_used_up = search.algorithm == "random" and self._proposer is None
        self._used_up = False
        """Chance draws nothing new any more, whatever results still come."""

    def ask(self) -> Proposal | None:
        """The next trial, or None: wait, or over."""
        if self._used_up or (self._limit is not None and len(self._names) >= self._limit):
            return None
        for attempt in range(MAX_REDRAWS):
            trial = self._oracle.create_trial(f"ask-{len(self._names)}-{attempt}")
            if trial.status != "RUNNING":
                self._used_up = self._may_be_used_up
                return None
            values = from_hyperparameters(self._space, trial.hyperparameters.values)
            if self._acceptable(values):
                return self._propose(trial, values)
            self._end(trial, "FAILED")
        raise self._nothing_acceptable(f"none of {MAX_REDRAWS:,} proposals in a row")

    def tell(self, result: TrialResult, curve: Mapping[int, float] | None = None) -> None:
        """Tell Keras Tuner how a trial ended. Early stopping is a normal end."""
        trial = self._oracle.trials[self._ids[result.trial]]
        proposal = self._proposals[result.trial]
        if self._proposer is not None:
            failed = result.status is Status.FAILED or result.score is None
            if failed:
                self._proposer.fail(proposal.configuration)
            else:
                self._proposer.end(proposal.configuration, proposal.values, curve or {}, proposal.epochs_to)
        if result.status is Status.FAILED or result.score is None:
            self._end(trial, "FAILED")
        else:
            self._oracle.update_trial(trial.trial_id, {"score": result.score}, step=result.epochs_to)
            self._end(trial, "COMPLETED")

    def continuable(self) -> set[str]:
        """Configurations that a further rung may take up."""
        if not isinstance(self._oracle, MendedHyperbandOracle | AshaOracle):
            return set()
        return {self._configurations[trial] for trial in self._oracle.promotable()}

    def _propose(self, trial: Any, values: Values) -> Proposal:
        tuner = trial.hyperparameters.values
        name = f"{len(self._names):04d}"
        if isinstance(self._oracle, MendedHyperbandOracle):
            name = self._oracle.places[trial.trial_id]
        past = tuner.get("tuner/trial_id")
        configuration = self._configurations[past] if past else f"c{self._begun:04d}"
        self._begun += not past
        self._configurations[trial.trial_id] = configuration
        self._names[trial.trial_id], self._ids[name] = name, trial.trial_id
        if self._proposer is not None:
            self._proposer.begin(configuration, values)
        self._proposals[name] = Proposal(
            trial=name,
            configuration=configuration,
            values=values,
            epochs_from=tuner.get("tuner/initial_epoch", 0),
            epochs_to=tuner.get("tuner/epochs", self._max_epochs),
            bracket=tuner.get("tuner/bracket", 0),
            rung=tuner.get("tuner/round", 0),
        )
        return self._proposals[name]

    def _acceptable(self, values: Values) -> bool:
        why = next(iter(reasons(values, self._signal)), None) or self._too_costly(values)
        self._last_reason = why or self._last_reason
        self.infeasible += why is not None
        return why is None

    def _nothing_acceptable(self, what: str) -> SpaceError:
        return SpaceError(
            f"{what} can be built within the constraints, the last because {self._last_reason}. "
            "Change space.spectrogram, space.backbone, space.image_size, constraints or target."
        )

    def _end(self, trial: Any, status: str) -> None:
        trial.status = status
        self._oracle.end_trial(trial)

    def _hide_from_disk(self) -> None:
        """The journal is the truth: Keras Tuner's own files, written without care, are not made."""
        oracle = self._oracle

        def feasible_values() -> dict[str, Any] | None:
            try:
                return self._draws()
            except LookupError as error:
                raise self._nothing_acceptable(str(error)) from None

        oracle.verbose = 0
        oracle.save = lambda: None
        oracle._check_consecutive_failures = lambda: None  # the loop's to judge
        oracle.update_space = lambda hyperparameters: None  # it never changes
        oracle._save_trial = lambda trial: None
        oracle._random_values = feasible_values


def _copy_sharing_the_space(hyperparameters: Any) -> Any:
    """Keras Tuner's own copy writes out and reads back every parameter, which takes milliseconds a trial."""
    copied = copy.copy(hyperparameters)
    copied.values = dict(hyperparameters.values)
    copied.copy = MethodType(_copy_sharing_the_space, copied)
    return copied


def _make(space: Space, search: SearchSection) -> Any:
    common: dict[str, Any] = {
        "objective": keras_tuner.Objective("score", direction(search.objective)),
        "hyperparameters": _copy_sharing_the_space(to_hyperparameters(space)),
        "allow_new_entries": False,
        "tune_new_entries": False,
        "seed": child_seed(search.seed, "oracle"),
    }
    if search.algorithm == "hyperband":
        return MendedHyperbandOracle(
            max_epochs=search.max_epochs,
            min_epochs=search.min_epochs,
            factor=search.factor,
            hyperband_iterations=search.iterations,
            **common,
        )
    if search.algorithm == "asha":
        return AshaOracle(table=planned(search), factor=search.factor, **common)
    if search.algorithm == "random":
        return oracles.RandomSearchOracle(max_trials=_NEVER, **common)
    if search.algorithm == "bayesian":
        return oracles.BayesianOptimizationOracle(
            max_trials=_NEVER, num_initial_points=_initial_points(space), **common
        )
    return oracles.GridSearchOracle(max_trials=None, **common)


def _begun_together(search: SearchSection) -> int:
    """Configurations of the first bracket; of random search, all."""
    return planned(search)[0].size if search.algorithm in HALVING else search.max_trials or 0


def _initial_points(space: Space) -> int:
    """Random draws before the Gaussian process is asked: three for each tuned parameter."""
    return max(3, 3 * len(to_hyperparameters(space).space))
