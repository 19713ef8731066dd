"""`{int: [lo, hi], step: n}`, `{float: [lo, hi]}`, `{log_float: [lo, hi]}` and `{log_int: [lo, hi]}`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tunebench.catalog.spec import Scalar, Spec
from tunebench.space.document import KeyPath, is_list
from tunebench.space.parameters import FloatRange, IntRange
from tunebench.space.problems import Problems
from tunebench.space.suggest import shown, suggestion

RANGE_FORMS = ("int", "float", "log_float", "log_int")
FORMS_OF_TYPE = {"int": ("int", "log_int"), "float": ("float", "log_float")}


class RangeReader:
    """Reads the range that a parameter declares, or tells what is wrong with it."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def read(
        self, at: KeyPath, spec: Spec, form: str, declared: Mapping[Scalar, Any]
    ) -> IntRange | FloatRange | None:
        """The range `form` of the parameter at `at`, or None where it is wrong."""
        fitting = FORMS_OF_TYPE.get(spec.type)
        if not fitting:
            write = f"{{choice: [{', '.join(map(str, spec.options)) or shown(spec.default)}]}}"
            self._problems.value(at, f"takes no range: it is a {_kind(spec)}", write)
            return None
        if form not in fitting:
            right = form.replace("float", "int") if spec.type == "int" else form.replace("int", "float")
            write = f"{{{right}: {shown(declared[form])}}}"
            self._problems.value(at, f"is a {_kind(spec)}, which {form} does not give", write)
            return None
        bounds = self._bounds((*at, form), spec, form, declared[form])
        if bounds is None:
            return None
        low, high = bounds
        log = form.startswith("log_")
        if spec.type == "float":
            return FloatRange(float(low), float(high), log)
        step = self._step((*at, "step"), declared.get("step", 1), int(high) - int(low))
        return None if step is None else IntRange(int(low), int(high), step, log)

    def _bounds(self, at: KeyPath, spec: Spec, form: str, declared: Any) -> tuple[float, float] | None:
        if not is_list(declared) or len(declared) != 2:
            self._problems.value(at, "must be a list of two bounds", _example(spec, form))
            return None
        bounds: list[float] = []
        for index, bound in enumerate(declared):
            rule = _fault(spec, form, bound)
            if rule:
                self._problems.value((*at, index), rule, _bound(spec, form, bound))
            else:
                bounds.append(bound)
        if len(bounds) < 2:
            return None
        low, high = bounds
        if low > high:
            self._problems.value(
                at, "is an empty range: the first bound is above the second", f"[{high}, {low}]"
            )
            return None
        return low, high

    def _step(self, at: KeyPath, step: Any, width: int) -> int | None:
        if not isinstance(step, int) or isinstance(step, bool) or step < 1:
            self._problems.value(at, "must be a whole number of at least 1", "1")
            return None
        if step > max(width, 1):
            self._problems.value(at, f"is wider than the range, {width}, so nothing is reached by it", "1")
            return None
        return step


def _fault(spec: Spec, form: str, bound: Any) -> str | None:
    if isinstance(bound, str) or bound is None:
        return f"must be a {_kind(spec)}"
    if isinstance(bound, float) and not math.isfinite(bound):
        return "must be finite"
    rule = spec.fault(bound)
    if rule is None and form.startswith("log_") and bound <= 0:
        return "must be above 0 in a logarithmic range"
    return rule


def _kind(spec: Spec) -> str:
    return {"int": "whole number", "float": "number", "bool": "true or false"}.get(spec.type, "text")


def _bound(spec: Spec, form: str, bound: Any) -> str:
    """A bound that may stand where `bound` may not."""
    numbers = replace(spec, options=(), default=_number(spec))
    return shown(numbers.default) if form.startswith("log_") else suggestion(numbers, bound)


def _number(spec: Spec) -> float:
    """A number above 0 that the parameter may have."""
    default = spec.default if isinstance(spec.default, int | float) else 0
    return default or spec.minimum or 1


def _example(spec: Spec, form: str) -> str:
    number = _number(spec)
    low, high = (
        (number, number * 4) if form.startswith("log_") or spec.type == "int" else (number / 2, number)
    )
    cast = int if spec.type == "int" else float
    return f"[{cast(low)}, {cast(min(high, spec.maximum or high))}]"
