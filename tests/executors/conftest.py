"""Executors of all kinds over the tiny corpus of the trainer's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from tests.training.conftest import data  # noqa: F401  (a fixture)

from tunebench.executors.inline import InlineExecutor
from tunebench.executors.processes import ProcessExecutor
from tunebench.executors.ray_cluster import RayExecutor
from tunebench.executors.ray_nodes import join
from tunebench.executors.recipe import Recipe
from tunebench.search.protocols import Executor
from tunebench.space.sections import TrainingSection


@pytest.fixture
def recipe(data, tmp_path: Path) -> Recipe:  # noqa: F811
    return Recipe(data, TrainingSection(batch_size=8), "val_accuracy", 9, tmp_path / "checkpoints")


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


@pytest.fixture(scope="session")
def ray_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Ray cluster of this machine alone; where its node keeps audio that it was sent."""
    node_store = tmp_path_factory.mktemp("node") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNEBENCH_STORE", str(node_store))  # its processes inherit it
        join(ray, None, cpus=4)
    yield node_store
    ray.shutdown()


@pytest.fixture
def rays(ray_here, recipe: Recipe) -> Iterator[Callable[..., RayExecutor]]:
    """Make Ray executors that are closed in the end."""
    made: list[RayExecutor] = []

    def make(workers: int = 1, recipe: Recipe = recipe, **options: Any) -> RayExecutor:
        made.append(RayExecutor(recipe, workers=workers, threads=1, **options))
        return made[-1]

    yield make
    for executor in made:
        executor.close()


@pytest.fixture(params=["inline", "processes", "ray"])
def executor(request: pytest.FixtureRequest, recipe: Recipe) -> Executor:
    if request.param == "inline":
        return InlineExecutor(recipe.trainer())
    if request.param == "processes":
        return request.getfixturevalue("processes")(2)
    return request.getfixturevalue("rays")(1)  # the nodes of test_chaos.py are two
