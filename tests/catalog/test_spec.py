# ruff: noqa: E501 - one case a line
"""What a parameter of the catalog accepts."""

from __future__ import annotations

import math

import pytest

from tunebench.catalog.spec import Spec

WHOLE = Spec("n", "int", 8, "A number.", "samples", 1, 16, options=("all",))
REAL = Spec("x", "float", None, "A number.", "Hz", 0)
WORD = Spec("w", "str", "a", "A word.", options=("a", "b"))
FLAG = Spec("f", "bool", True, "A flag.")
FILE = Spec("p", "path", "random", "A path.", options=("random",))


@pytest.mark.parametrize(
    ("spec", "value"),
    [(WHOLE, 1), (WHOLE, 16), (WHOLE, "all"), (REAL, 0), (REAL, 3.5), (REAL, None), (WORD, "b"), (FLAG, False), (FILE, "random"), (FILE, "w.h5")],
)  # fmt: skip
def test_accepted(spec: Spec, value: object) -> None:
    assert spec.fault(value) is None


@pytest.mark.parametrize(
    ("spec", "value", "rule"),
    [
        (WHOLE, 0, "must be a whole number of at least 1 and at most 16, or one of all (samples)"),
        (WHOLE, 17, "must be a whole number"),
        (WHOLE, 8.0, "must be a whole number"),
        (WHOLE, True, "must be a whole number"),
        (WHOLE, None, "must be a whole number"),
        (WHOLE, "some", "must be a whole number"),
        (WHOLE, [1], "must be a whole number"),
        (REAL, -1e-9, "must be a number of at least 0 (Hz)"),
        (REAL, math.nan, "must be a number"),
        (REAL, math.inf, "must be a number"),
        (REAL, "1", "must be a number"),
        (WORD, "c", "must be one of a, b"),
        (WORD, 1, "must be one of a, b"),
        (FLAG, 1, "must be true or false"),
        (FILE, 3, "must be a path, or one of random"),
    ],
)
def test_refused(spec: Spec, value: object, rule: str) -> None:
    assert (spec.fault(value) or "").startswith(rule)
