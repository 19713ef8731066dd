"""The space as Keras Tuner's hyperparameters, and its values back.

A name in Keras Tuner is the parameter's full path, so that siblings of one name stay apart. A
conditional parameter's scope hangs on its own parent, and on nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunebench.catalog.spec import Scalar, Values
from tunebench.space.parameters import Choice, Fixed, FloatRange, IntRange, Parameter, same
from tunebench.space.space import Space

if TYPE_CHECKING:
    import keras_tuner  # pyright: ignore[reportMissingTypeStubs]


def to_hyperparameters(space: Space) -> keras_tuner.HyperParameters:
    """Declare every parameter, conditions included, in Keras Tuner's terms."""
    import keras_tuner  # late: it imports TensorFlow  # pyright: ignore[reportMissingTypeStubs]

    hyperparameters = keras_tuner.HyperParameters()
    _declare(hyperparameters, space.parameters, "")
    return hyperparameters


def from_hyperparameters(space: Space, values: Mapping[str, Any]) -> Values:
    """A configuration from Keras Tuner's values: active parameters alone, each of its own type."""
    return space.choose(lambda path, parameter: _decode(parameter, values.get(path)))


def to_keras_tuner(space: Space, values: Values) -> dict[str, Any]:
    """A configuration as Keras Tuner writes its values: what `from_hyperparameters` reads."""
    found: dict[str, Any] = {}

    def visit(path: str, parameter: Parameter) -> Scalar:
        found[path] = _label(parameter, values[path])
        return values[path]

    space.choose(visit)
    return found


def _label(parameter: Parameter, value: Scalar) -> Any:
    match parameter:
        case Fixed():
            return _encode((value,))[0]
        case Choice(options):
            return _encode(options)[next(i for i, option in enumerate(options) if same(option, value))]
        case _:
            return value


def _declare(hyperparameters: Any, parameters: Mapping[str, Parameter], prefix: str) -> None:
    for name, parameter in parameters.items():
        path = prefix + name
        match parameter:
            case Fixed(value):
                hyperparameters.Fixed(path, _encode((value,))[0])
            case Choice(options, children):
                labels = _encode(options)
                hyperparameters.Choice(path, labels)
                for option, label in zip(options, labels, strict=True):
                    if children.get(option):
                        with hyperparameters.conditional_scope(path, [label]):
                            _declare(hyperparameters, children[option], f"{path}.{option}.")
            case IntRange(low, high) | FloatRange(low, high) if low == high:
                hyperparameters.Fixed(path, low)
            case IntRange(low, high, step, log):
                scale: dict[str, Any] = {"sampling": "log"} if log else {"step": step}
                hyperparameters.Int(path, low, high, **scale)
            case FloatRange(low, high, log):
                hyperparameters.Float(path, low, high, sampling="log" if log else "linear")


def _encode(options: tuple[Scalar, ...]) -> list[Any]:
    """Options as Keras Tuner takes them: numbers or texts alone stay; a mixture, true and null are texts."""
    types = {type(option) for option in options}
    return list(options) if types in ({int}, {float}, {str}) else [json.dumps(option) for option in options]


def _decode(parameter: Parameter, value: Any) -> Scalar:
    match parameter:
        case Fixed(fixed):
            return fixed
        case Choice(options):
            return options[_encode(options).index(value)]
        case IntRange(low, high):
            return min(max(int(value), low), high)
        case FloatRange(low, high):
            return min(max(float(value), low), high)
