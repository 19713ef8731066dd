"""Help: an example for every command, and no wait for it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

import tunebench
from tunebench.cli import main


def commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command and group of commands, by the words that call it."""
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, *path, name)


ALL = list(commands(typer.main.get_command(main.app)))


def test_the_commands_of_the_design() -> None:
    names = {" ".join(path) for path in ALL if path}
    assert names == {
        "search", "validate", "plan", "data", "data demo", "data check", "data prepare",
        "data explore", "data features", "report", "compare", "cluster", "trials", "ui",
        "models", "promote", "rollback", "export", "predict", "serve", "schema",
    }  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "tunebench")
def test_help_has_an_example(invoke: Callable, path: tuple[str, ...]) -> None:
    said = invoke(*path, "--help")
    assert said.code == 0
    assert "Example" in said.out
    assert " ".join(["tunebench", *path]) in said.out.replace("[OPTIONS]", "")


def test_version(invoke: Callable) -> None:
    said = invoke("--version")
    assert (said.code, said.out) == (0, f"{tunebench.__version__}\n")


def test_schema_is_json(invoke: Callable) -> None:
    assert json.loads(invoke("schema").out)["type"] == "object"


EMPTY = """
import typer
app = typer.Typer()
@app.command()
def a(): ...
@app.command()
def b(): ...
app(["--help"])
"""


def test_help_answers_at_once() -> None:
    """At most 0.3 s over an empty typer program, the median of the differences of alternating runs."""

    def seconds(*command: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        return time.perf_counter() - begun

    differences = [seconds("-m", "tunebench", "--help") - seconds("-c", EMPTY) for _ in range(5)]
    assert statistics.median(differences) <= 0.3, differences
