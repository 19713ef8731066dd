"""The space and its results in Optuna's terms. A parameter's name there is its full path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from tunebench.catalog.spec import Scalar, Values
from tunebench.space.parameters import Choice, Fixed, IntRange, Parameter

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from tunebench.space import Space


def new_study(direction: Literal["min", "max"], **options: Any) -> optuna.Study:
    """A study that keeps to itself what Optuna would print of each trial."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(direction="minimize" if direction == "min" else "maximize", **options)


def distribution_of(parameter: Parameter) -> BaseDistribution | None:
    """What Optuna draws a parameter from, None for what is fixed."""
    match parameter:
        case Fixed():
            return None
        case Choice(options):
            return CategoricalDistribution(options)
        case IntRange(low, high, step, log):
            return IntDistribution(low, high, log=log, step=1 if log else step)
        case _:
            return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def suggest(trial: Trial, path: str, parameter: Parameter) -> Scalar:
    """Have Optuna choose a parameter's value."""
    match parameter:
        case Fixed(value):
            return value
        case Choice(options):
            return trial.suggest_categorical(path, options)
        case IntRange(low, high, step, log):
            return trial.suggest_int(path, low, high, log=log, step=1 if log else step)
        case _:
            return trial.suggest_float(path, parameter.low, parameter.high, log=parameter.log)


def as_trial(
    space: Space, values: Values, score: float | None, curve: Mapping[int, float] | None = None
) -> FrozenTrial:
    """A configuration with its score, and its score by epoch; one without a score is running."""
    params: dict[str, Any] = {}
    distributions: dict[str, BaseDistribution] = {}

    def visit(path: str, parameter: Parameter) -> Scalar:
        if (distribution := distribution_of(parameter)) is not None:
            distributions[path] = distribution
            params[path] = values[path]
        return values[path]

    space.choose(visit)
    return create_trial(
        params=params,
        distributions=distributions,
        value=score,
        intermediate_values=dict(curve or {}),
        state=TrialState.RUNNING if score is None else TrialState.COMPLETE,
    )
