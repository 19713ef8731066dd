"""A search that begins from an earlier one: where that is found, what is used, and what is journaled."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Search
from tests.program import Program, wait_until

import tunebench
from tunebench.app.earlier import find_earlier
from tunebench.errors import InputError

RECORD = Path(__file__).parents[2] / "experiments" / "records" / "esc10"


def found(space: Path, *overrides: str, fresh: bool = False):
    return find_earlier(tunebench.load_experiment(space, overrides=list(overrides)), fresh=fresh)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNEBENCH_HOME", str(tmp_path))
    return tmp_path


def begin(home: Path, name: str, *events: dict) -> Path:
    folder = home / "experiments" / name
    folder.mkdir(parents=True)
    (folder / "space.yaml").write_text("search: {objective: val_accuracy}\n")
    (folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder


def test_a_committed_record_by_its_path(home: Path) -> None:
    """It was made before summaries named the corpus, so it cannot be compared."""
    got = found(RECORD / "space.yaml", "name=again", f"search.warm_start={RECORD}")
    assert got is not None
    assert list(got.usable) == [22]
    assert got.searches[0].objective == "val_accuracy"
    assert got.searches[0].data == ""
    with (RECORD / "trials.csv").open() as file:
        scores = [float(row["score"]) for row in csv.DictReader(file)]
    assert max(seen.score("max") or 0 for seen in got.observations) == max(scores)


def test_paths_are_relative_to_the_file(home: Path, write_space: Callable[..., Path]) -> None:
    space = write_space(("search: {", "search: {warm_start: [./there, other, 'mlflow:a/b'], "))
    named = tunebench.load_experiment(space).search.warm_start
    assert named == (str(space.parent / "there"), "other", "mlflow:a/b")
    with pytest.raises(InputError, match="there is no folder of a search: it holds neither journal"):
        found(space)


def test_unknown_names_suggest_the_nearest(home: Path, write_space: Callable[..., Path]) -> None:
    space = write_space()
    with pytest.raises(InputError, match=r"no search named 'first' in .*; there are: none\."):
        found(space, "search.warm_start=first")
    begin(home, "first-one")
    with pytest.raises(InputError, match=r"no search named 'first-on' in .*; did you mean first-one\?"):
        found(space, "search.warm_start=first-on")


def test_a_search_does_not_begin_from_itself(home: Path, write_space: Callable[..., Path]) -> None:
    own = begin(home, "tiny")
    with pytest.raises(InputError, match="tiny is this search itself"):
        found(write_space(), f"search.warm_start={own}", fresh=True)
    with pytest.raises(InputError, match="must name other searches: tiny is this one"):
        found(write_space(), "search.warm_start=tiny")


def test_a_search_without_a_result(home: Path, write_space: Callable[..., Path]) -> None:
    begin(home, "first", {"event": "search", "identity": {"corpus": "c", "split": "s"}})
    with pytest.raises(InputError, match="first holds no result yet"):
        found(write_space(), "search.warm_start=first")


def test_what_is_no_table_of_trials(home: Path, write_space: Callable[..., Path]) -> None:
    folder = begin(home, "first")
    (folder / "journal.jsonl").unlink()
    (folder / "trials.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"trials.csv is no table of trials \('status'\)"):
        found(write_space(), "search.warm_start=first")
    (folder / "space.yaml").unlink()
    with pytest.raises(InputError, match=r"holds no space\.yaml"):
        found(write_space(), "search.warm_start=first")


def test_what_was_journaled_is_not_looked_for_again(home: Path, write_space: Callable[..., Path]) -> None:
    begin(home, "tiny", {"event": "warm_start", "sources": [], "observations": []})
    assert found(write_space(), "search.warm_start=gone") is None
    with pytest.raises(InputError, match="no search named 'gone'"):
        found(write_space(), "search.warm_start=gone", fresh=True)


@pytest.mark.slow
def test_a_second_search_goes_on_where_the_first_is_gone(finished: Search, tmp_path: Path) -> None:
    program = Program(tmp_path)
    first = tmp_path / "experiments" / "tiny"
    shutil.copytree(finished.program.folder("tiny"), first)
    space = tmp_path / "tiny.yaml"
    shutil.copy(finished.space, space)
    small = ("search.max_epochs=2", "winner={finalists: 1, repeats: 1}", "search.warm_start=[tiny]")
    command = ("search", space, "--name", "second", *(word for text in small for word in ("--set", text)))

    driver = program.start(*command)
    wait_until(lambda: sum(event["event"] == "result" for event in program.journal("second")) >= 2, driver)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    (event,) = [event for event in program.journal("second") if event["event"] == "warm_start"]
    (source,) = event["sources"]
    assert source == {
        "name": "tiny", "configurations": len(event["observations"]), "usable": len(event["observations"]),
        "comparable": True,
    }  # fmt: skip
    best = max(event["observations"], key=lambda seen: (max(s for _, s in seen["curve"]), seen["epochs"]))
    asked = [event["request"]["values"] for event in program.journal("second") if event["event"] == "ask"]
    assert asked[0] == best["values"]

    shutil.rmtree(first)
    again = program.run(*command)
    assert again.returncode == 0, again.stderr
    assert "going on after " in again.stdout
    assert program.summary("second")["search"]["warm_start"] == [source]
    assert program.run(*command).returncode == 0

    other = program.run(*command, "--set", "search.warm_start=[]")
    assert other.returncode == 2
    assert "the YAML file changed since" in other.stderr
