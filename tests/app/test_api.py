"""`import tunebench` does what the command line does; here on a split that leaks and keeps no test side."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import SPACE
from tests.program import Program

import tunebench

LEAKY = [
    "data.split.by=segment",
    "data.split.test=0",
    "data.split.validation=0.5",
    "winner.finalists=1",
    "winner.repeats=2",
]

SCRIPT = """
import json, sys
import tunebench

experiment = tunebench.load_experiment(
    {space!r},
    overrides={leaky!r},
    name="leaky",
)
seen = []
summary = tunebench.run_search(
    experiment, tunebench.SearchOptions(max_trials=3), on_data=lambda data: seen.append(data.split.leakage)
)
predictor = tunebench.Predictor.load(tunebench.find_bundle("leaky"))
prediction = predictor.predict({audio!r})
board = tunebench.leaderboard("leaky")
print(json.dumps({{
    "summary": summary,
    "leakage_seen": seen,
    "trials": tunebench.trial_rows("leaky"),
    "board": [row.configuration for row in board.rows],
    "board_leakage": board.leakage,
    "bundle": predictor.bundle.info,
    "probabilities": prediction.probabilities.tolist(),
}}))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """MLflow cannot be reached here: its address leads below a file."""
    home = tmp_path_factory.mktemp("api")
    (home / "file").touch()
    return Program(home, {"MLFLOW_TRACKING_URI": f"sqlite:///{home / 'file' / 'mlflow.db'}"})


@pytest.fixture(scope="module")
def said(program: Program, tiny_corpus: Path) -> dict[str, Any]:
    """What the script printed."""
    space = program.home / "tiny.yaml"
    space.write_text(SPACE.format(root=tiny_corpus))
    audio = tiny_corpus / "low" / "low-0-0.wav"
    ended = program.script(SCRIPT.format(space=str(space), audio=str(audio), leaky=LEAKY))
    assert ended.returncode == 0, ended.stderr
    assert "MLflow at sqlite" in ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.slow
def test_max_trials(said: dict[str, Any]) -> None:
    assert [row["trial"] for row in said["trials"]] == ["0000", "0001", "0002"]
    assert said["summary"]["search"]["trials"] == 3
    assert said["summary"]["status"] == "cut"
    assert len(said["board"]) == 3


@pytest.mark.slow
def test_what_was_cut_goes_on_and_a_split_by_segment_is_marked_leaky_everywhere(
    said: dict[str, Any], program: Program
) -> None:
    summary = said["summary"]
    assert summary["data"]["split_by"] == "segment"
    assert summary["data"]["leakage"] == "segment"
    assert summary["winner"]["leakage"] == "segment"
    assert said["leakage_seen"] == ["segment"]
    assert said["board_leakage"] == "segment"
    assert said["bundle"]["leakage"] == "segment"
    assert program.journal("leaky")[0]["leakage"] == "segment"
    settings = [argument for setting in LEAKY for argument in ("--set", setting)]
    again = program.run("search", program.home / "tiny.yaml", "--name", "leaky", *settings)
    assert again.returncode == 0, again.stderr
    assert "going on after 3 trials" in again.stdout
    assert program.summary("leaky")["status"] == "completed"
    assert program.summary("leaky")["search"]["trials"] == 15
    assert "LEAKY: segment" in again.stdout
    assert "leakage: segment" in program.run("trials", "leaky").stdout


@pytest.mark.slow
def test_without_a_test_side_there_is_no_test_figure(said: dict[str, Any], program: Program) -> None:
    winner = said["summary"]["winner"]
    assert winner["test"] is None
    assert winner["test_reads"] == 0
    assert not (program.home / ".tunebench" / "test_reads.jsonl").exists()
    assert not (program.folder("leaky") / "figures" / "confusion.png").exists()
    again = program.run("trials", "leaky")
    assert "test" not in again.stdout


@pytest.mark.slow
def test_without_mlflow_the_search_still_ends(said: dict[str, Any]) -> None:
    assert said["summary"]["winner"]["model"] is None


@pytest.mark.slow
def test_prediction(said: dict[str, Any]) -> None:
    assert sum(said["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_every_name_is_there() -> None:
    for name in tunebench.__all__:
        assert getattr(tunebench, name) is not None
    assert set(tunebench.__all__) <= set(dir(tunebench))


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        _ = tunebench.serch  # type: ignore[attr-defined]


def test_a_plan(write_space: Callable[..., Path]) -> None:
    plan = tunebench.make_plan(tunebench.load_experiment(write_space()))
    assert (plan.configurations, plan.trials, plan.epochs) == (10, 15, 30)
    assert (plan.repeats, plan.repeat_epochs) == (4, 16)


def test_preparation_and_audit(
    write_space: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEBENCH_HOME", str(tmp_path))
    section = tunebench.load_experiment(write_space()).data
    data = tunebench.prepare_data(section)
    audit = tunebench.audit_data(section)
    assert len(data.corpus.tracks) == audit.tracks == 24
    assert len(data.segments) == 48
    assert audit.split is not None
    assert audit.split.hash == data.split.hash
