"""When `search.max_hours` and `search.target` end a search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.program import Program

import tunebench
from tunebench.app.run import enough_for
from tunebench.search.records import Records, TrialRecord
from tunebench.trial import Status, TrialRequest, TrialResult


def records(*scores: float | None) -> Records:
    """One trial with each score."""
    found = Records()
    for number, score in enumerate(scores):
        name = f"{number:04d}"
        request = TrialRequest(name, f"c{name}", {}, 0, 1, 1, name)
        status = Status.FAILED if score is None else Status.COMPLETED
        found.trials[name] = TrialRecord(request, result=TrialResult(name, status, 1, score))
    return found


def asked(space: Path, *overrides: str, events: list[Mapping[str, Any]] | None = None):
    experiment = tunebench.load_experiment(space, overrides=list(overrides))
    return enough_for(experiment, SimpleNamespace(events=events or []))  # type: ignore[arg-type]


def test_nothing_ends_a_search_that_asks_for_nothing(write_space: Callable[..., Path]) -> None:
    assert asked(write_space())(records(1.0)) is None


def test_target(write_space: Callable[..., Path]) -> None:
    enough = asked(write_space(), "search.target=0.9")
    assert enough(records(None, 0.5, 0.89)) is None
    assert enough(records(None, 0.5, 0.9)) == "search.target: val_accuracy reached 0.9000"


def test_target_of_a_loss(write_space: Callable[..., Path]) -> None:
    enough = asked(write_space(), "search.target=0.5", "search.objective=val_loss")
    assert enough(records(0.51)) is None
    assert enough(records(0.51, 0.4)) == "search.target: val_loss reached 0.4000"


def test_hours_of_all_sessions_count(write_space: Callable[..., Path]) -> None:
    events = [{"event": "session", "at": 0.0}, {"event": "epoch", "at": 7200.0}]
    assert asked(write_space(), "search.max_hours=2.1", events=events)(records()) is None
    said = asked(write_space(), "search.max_hours=2", events=events)(records())
    assert said == "search.max_hours: 2 hours are over"


@pytest.mark.slow
def test_a_search_that_was_enough_goes_on_when_more_is_asked(
    write_space: Callable[..., Path], tmp_path: Path
) -> None:
    program, space = Program(tmp_path), write_space(("finalists: 2, repeats: 2", "finalists: 1, repeats: 1"))
    first = program.run("search", space, "--set", "search.target=0.1")
    assert first.returncode == 0, first.stderr
    assert "ended early: search.target: val_accuracy reached" in first.stdout
    done = program.summary("tiny")["search"]["trials"]
    assert done < 15

    again = program.run("search", space, "--set", "search.target=0.1")
    assert "going on" not in again.stdout

    more = program.run("search", space, "--set", "search.target=2")
    assert more.returncode == 0, more.stderr
    assert f"going on after {done} trials" in more.stdout
    summary = program.summary("tiny")
    assert summary["search"]["trials"] == 15
    assert summary["search"]["ended_by"] is None
