"""A picture or a study that cannot be made costs no result."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.evaluation.planted import planted_records, planted_space

from tunebench.app import choose
from tunebench.app.folder import SearchFolder


def broken(*arguments: object) -> None:
    raise ValueError("planned")


@pytest.fixture
def search(tmp_path: Path) -> list[Any]:
    space = planted_space(tmp_path)
    section = SimpleNamespace(objective="val_accuracy")
    return [
        SimpleNamespace(space=space, name="planted", search=section),
        SimpleNamespace(folder=SearchFolder(tmp_path / "planted")),
        SimpleNamespace(records=planted_records(space, lambda values, epoch: values["dropout"])),
    ]


def test_other_pictures_are_drawn(search: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn = {"one": broken, "two": lambda: tmp_path / "two.png", "three": lambda: None}
    monkeypatch.setattr(choose, "pictures", lambda *arguments: drawn)
    figures = [tmp_path / "curves.png"]
    with pytest.warns(UserWarning, match="no picture of the one of this search: planned"):
        shares = choose._what_mattered(*search, figures)
    assert [path.name for path in figures] == ["curves.png", "two.png"]
    assert next(iter(shares)) == "dropout"


def test_pictures_are_drawn_without_a_study(search: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "write_study", broken)
    figures: list[Path] = []
    with pytest.warns(UserWarning, match="no importances or study of this search: planned"):
        assert choose._what_mattered(*search, figures) == {}
    assert {path.name for path in figures} == {"history.png", "slices.png", "parallel.png"}
