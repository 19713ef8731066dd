from __future__ import annotations

import pytest
from tests.training.configurations import values

from tunebench.catalog.spec import Signal
from tunebench.space.sections import ConstraintsSection
from tunebench.training.cost import too_costly

SIGNAL = Signal(8000, 4000)


def asked(**constraints: float):
    return too_costly(ConstraintsSection(**constraints), SIGNAL, classes=3, precision="float32")


def test_a_net_within_the_constraints() -> None:
    assert asked(max_parameters=10_000, max_size_mb=1.0)(values()) is None


@pytest.mark.parametrize(
    ("constraint", "said"),
    [({"max_parameters": 300}, "parameters, above constraints.max_parameters 300"),
     ({"max_size_mb": 0.001}, "MB, above constraints.max_size_mb 0.001")],
)  # fmt: skip
def test_a_net_beyond_them(constraint: dict[str, float], said: str) -> None:
    reason = asked(**constraint)(values())
    assert reason is not None
    assert said in reason


def test_the_head_counts() -> None:
    small, wide = values(dense_units=0), values(dense_units=512)
    limit = asked(max_parameters=2_000)
    assert limit(small) is None
    assert limit(wide) is not None
