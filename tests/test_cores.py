"""How many cores a process counts: its own, and in a container no more than its quota."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebench import cores


@pytest.mark.parametrize(
    ("quota", "count"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("1000 100000", 1), ("9900000 100000", 8),
     ("", 8), ("nonsense", 8)],
)  # fmt: skip
def test_quota(quota: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(cores, "_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(cores, "own_cores", lambda: list(range(8)))
    assert cores.usable_cores() == count


def test_without_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_QUOTA", tmp_path / "nothing")
    assert cores.usable_cores() == len(cores.own_cores()) >= 1
