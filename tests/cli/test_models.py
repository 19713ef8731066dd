"""`tunebench models`, `promote` and `rollback`, and what a search says of the registry."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from tests.tracking.project import Project
from tests.tracking.registered import log_winner

from tunebench.cli import result

NAME = "music"


@pytest.fixture(scope="module")
def three_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three searches: right on 70, 72 and 50 of 100 test tracks."""
    home = tmp_path_factory.mktemp("registered")
    for number, right in enumerate((70, 72, 50)):
        log_winner(Project(home, NAME), f"s{number}", right)
    return home


@pytest.fixture
def registered(three_versions: Path, home: Path) -> Path:
    """A copy of it as the current folder."""
    shutil.copytree(three_versions, home, dirs_exist_ok=True)
    return home


def champion(invoke: Callable) -> int:
    return json.loads(invoke("models", NAME, "--json").out)["champion"]


def test_a_table_of_models(invoke: Callable, registered: Path) -> None:
    said = invoke("models")
    assert said.code == 0, said
    (row,) = [line for line in said.out.splitlines() if NAME in line]
    assert [cell.strip() for cell in row.split("│")[1:-2]] == [
        NAME, "3", "1", "0.750 [0.600, 0.900]", "none", "5b1a",
    ]  # fmt: skip


def test_one_model_with_its_history(invoke: Callable, registered: Path) -> None:
    said = invoke("models", NAME)
    assert said.code == 0, said
    assert "1 *" in said.out
    assert "* the champion" in said.out
    assert "version 1, first, by " in said.out


def test_for_machines(invoke: Callable, registered: Path) -> None:
    (row,) = [json.loads(line) for line in invoke("models", "--json").out.splitlines()]
    assert (row["name"], row["champion"]) == (NAME, 1)
    assert [version["number"] for version in row["versions"]] == [3, 2, 1]
    assert row["versions"][0]["test_accuracy"] == {"value": 0.75, "low": 0.6, "high": 0.9}
    assert [move["kind"] for move in row["moves"]] == ["first"]


def test_a_version_that_is_not_better_is_refused(invoke: Callable, registered: Path) -> None:
    said = invoke("promote", NAME)
    assert said.code == 2
    assert "100 test tracks in 100 groups" in said.out
    assert "0.500" in said.out
    assert "-0.200 [-0." in said.out
    assert "version 3 of music is not the champion, version 1 stays it: " in said.err
    assert "lies below 0. Register a better one" in said.err
    assert "write `tunebench promote music 3 --force`" in said.err
    assert champion(invoke) == 1


def test_force_and_back(invoke: Callable, registered: Path) -> None:
    said = invoke("promote", NAME, "2", "--force", "--because", "half the size")
    assert said.code == 0, said
    assert "version 2 of music is the champion, by force: test accuracy per track 0.720" in said.out
    assert champion(invoke) == 2
    assert "half the size; test accuracy" in invoke("models", NAME).out
    assert "is the champion already" in invoke("promote", NAME, "2").out
    assert "version 1 of music is the champion again; version 2 was it" in invoke("rollback", NAME).out
    assert champion(invoke) == 1
    nothing_left = invoke("rollback", NAME)
    assert nothing_left.code == 2
    assert "nothing to roll back to" in nothing_left.err


def test_a_better_version_takes_it(invoke: Callable, registered: Path) -> None:
    invoke("promote", NAME, "3", "--force")
    said = invoke("promote", NAME, "1")
    assert said.code == 0, said
    assert (
        "version 1 of music is the champion: test accuracy per track 0.700, version 3 has 0.500" in said.out
    )


def test_mistakes(refused: Callable, registered: Path) -> None:
    assert "no version 9 of this registered model; its versions are: 1, 2, 3" in refused("promote", NAME, "9")
    assert "did you mean music?" in refused("promote", "musik")
    assert "did you mean music?" in refused("rollback", "musik")
    assert "did you mean music?" in refused("models", "musik")
    assert "--because goes with --force" in refused("promote", NAME, "--because", "so")


def test_where_nothing_was_ever_registered(invoke: Callable, refused: Callable, home: Path) -> None:
    assert "no registered model yet" in invoke("models").out
    assert invoke("models", "--json").out == ""
    assert "no registered model yet; run `tunebench search SPACE.yaml`" in refused("promote", NAME)
    assert not (home / "mlruns").exists()


def test_a_store_that_cannot_be_used(refused: Callable, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "a.db").write_text("no database, but long enough to be taken for one\n" * 99)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'a.db'}")
    said = refused("models")
    assert "a.db: MLflow's registry cannot be used (" in said
    assert "Name another store with $MLFLOW_TRACKING_URI" in said


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        (
            {"version": 2, "champion": 2, "reason": "+0.1 [+0.0, +0.2]"},
            "version 2 of music is the champion: +0.1 [",
        ),
        (
            {"version": 2, "champion": 1, "reason": "no test side"},
            "version 2 of music is not the champion, version 1 stays it: no test side. "
            "To have it all the same: `tunebench promote music 2 --force`",
        ),
    ],
)
def test_a_search_says_whether_its_winner_is_the_champion(registry: dict, said: str) -> None:
    assert said in result._registered(NAME, registry)
    console = Console(width=40)
    with console.capture() as capture:
        console.print(result._registered(NAME, registry), highlight=False, markup=False, soft_wrap=True)
    assert said in capture.get()
