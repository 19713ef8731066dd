"""Every shipped file can be planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebench.app import plan
from tunebench.space import load

SPACES = Path(__file__).parents[2] / "search_spaces"


@pytest.mark.parametrize(
    "path", sorted(SPACES.rglob("*.yaml")), ids=lambda path: str(path.relative_to(SPACES).with_suffix(""))
)
def test_shipped_spaces_can_be_planned(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "DRAWS", 20)
    planned = plan.make_plan(load(path))
    assert planned.configurations > 1
    assert planned.feasible.infeasible < 10
