"""The translation to Keras Tuner: conditions, types, and values that come back into the space."""

from __future__ import annotations

from collections.abc import Callable

import keras_tuner
import pytest

from tunebench.space import Space
from tunebench.space.keras_tuner import from_hyperparameters, to_hyperparameters
from tunebench.space.parameters import Choice, Fixed, FloatRange, IntRange

NESTED = Space(
    {
        "top": Choice(
            ("a", "b"),
            {
                "a": {"same": Choice(("x", "y"), {"y": {"deep": IntRange(1, 9, 4)}})},
                "b": {"same": Fixed(None)},
            },
        ),
        "mixed": Choice(("all", 3, None)),
        "flags": Choice((True, False)),
        "numbers": Choice((0.5, 0.1)),
        "log": FloatRange(1e-5, 1e-2, log=True),
        "log_int": IntRange(1, 100, log=True),
        "one": IntRange(4, 4),
        "point": FloatRange(0.25, 0.25, log=True),
    }
)


def draw(space: Space, count: int) -> list[dict[str, object]]:
    oracle = keras_tuner.oracles.RandomSearchOracle(
        objective=keras_tuner.Objective("score", "max"),
        max_trials=count,
        hyperparameters=to_hyperparameters(space),
        seed=3,
    )
    return [from_hyperparameters(space, oracle._random_values() or {}) for _ in range(count)]


def test_every_value_of_keras_tuner_comes_back_into_the_space(load_text: Callable, example: str) -> None:
    space = load_text(example).space
    drawn = draw(space, 200)
    assert all(space.contains(values) for values in drawn)
    assert {values["spectrogram"] for values in drawn} == {"mel", "stft", "multi_stft", "mfcc"}


def test_nested_conditions_and_mixed_types() -> None:
    drawn = draw(NESTED, 300)
    assert all(NESTED.contains(values) for values in drawn)
    assert {values.get("top.a.same.y.deep") for values in drawn} == {None, 1, 5, 9}
    assert {type(values["mixed"]) for values in drawn} == {str, int, type(None)}
    assert {values["flags"] for values in drawn} == {True, False}


def test_inactive_parameters_are_left_out() -> None:
    hyperparameters = to_hyperparameters(NESTED)
    hyperparameters.values["top"] = "b"
    assert "top.a.same" not in from_hyperparameters(NESTED, {**hyperparameters.values, "top.a.same": "x"})
    assert not hyperparameters.is_active("top.a.same.y.deep")
    assert hyperparameters.is_active("top.b.same")


@pytest.mark.parametrize("oracle", ["BayesianOptimizationOracle", "GridSearchOracle", "HyperbandOracle"])
def test_other_oracles_take_it(oracle: str, load_text: Callable, short: str) -> None:
    space = load_text(
        short, "space.dropout={float: [0, 0.5]}", "space.backbone={choice: [cnn, resnet50]}"
    ).space
    made = getattr(keras_tuner.oracles, oracle)(
        objective=keras_tuner.Objective("score", "max"), hyperparameters=to_hyperparameters(space)
    )
    made._set_project_dir("/nowhere", "x")
    made.verbose = 0
    made._save_trial = made.save = lambda *_: None
    trial = made.create_trial("t")
    assert space.contains(from_hyperparameters(space, trial.hyperparameters.values))
