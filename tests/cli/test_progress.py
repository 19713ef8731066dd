"""What a search says of itself while it runs."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

import tunebench
from tunebench.cli.progress import ProgressView


def test_how_much_of_an_earlier_search_is_used(write_space: Callable[..., Path]) -> None:
    said = io.StringIO()
    view = ProgressView(tunebench.load_experiment(write_space()), Console(file=said), quiet=False)
    view.on_warm_start(
        [
            {"name": "first", "configurations": 12, "usable": 9, "comparable": True},
            {"name": "mlflow:second", "configurations": 30, "usable": 0, "comparable": False},
        ]
    )
    assert said.getvalue().splitlines() == [
        "warm start from first: 9 of 12 configurations lie in this space",
        "warm start from mlflow:second: 0 of 30 configurations lie in this space, "
        "on other data or for another objective",
    ]
