"""Executors of both kinds over the tiny corpus of the trainer's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.training.conftest import data  # noqa: F401  (a fixture)

from tunebench.executors.inline import InlineExecutor
from tunebench.executors.processes import ProcessExecutor
from tunebench.executors.recipe import Recipe
from tunebench.search.protocols import Executor
from tunebench.space.sections import TrainingSection


@pytest.fixture
def recipe(data, tmp_path: Path) -> Recipe:  # noqa: F811
    return Recipe(data, TrainingSection(batch_size=8), "val_accuracy", tmp_path / "checkpoints")


@pytest.fixture
def processes(recipe: Recipe, tmp_path: Path) -> Iterator[Callable[..., ProcessExecutor]]:
    """Make process executors that are closed in the end."""
    made: list[ProcessExecutor] = []

    def make(workers: int = 1, **options: Any) -> ProcessExecutor:
        made.append(ProcessExecutor(recipe, workers=workers, threads=1, logs=tmp_path / "logs", **options))
        return made[-1]

    yield make
    for executor in made:
        executor.close()


@pytest.fixture(params=["inline", "processes"])
def executor(request: pytest.FixtureRequest, recipe: Recipe, processes: Callable[..., Any]) -> Executor:
    return InlineExecutor(recipe.trainer()) if request.param == "inline" else processes(2)
