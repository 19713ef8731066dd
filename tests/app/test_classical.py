"""Classical models and feature tables from the command line: search, predict, kill, compare."""

from __future__ import annotations

import csv
import json
import os
import signal
from pathlib import Path

import pytest
from tests.program import Program, wait_until

pytestmark = pytest.mark.slow

SPACE = """\
name: classical
data:
  root: {root}
  group: {{pattern: '^(?P<group>.*)-'}}
  sample_rate: 8000
  segment: {{seconds: 0.6}}
  split: {{by: group, validation: 0.25, test: 0.25, seed: 7}}
space:
  spectrogram: features
  backbone:
    choice:
      random_forest: {{n_estimators: 20, max_features: {{choice: [sqrt, log2]}}}}
      logistic_regression: {{C: {{choice: [0.1, 1.0]}}}}
      dummy: {{}}
training: {{batch_size: 8}}
search: {{max_epochs: 4, factor: 2, seed: 7}}
winner: {{finalists: 2, repeats: 2}}
"""
TABLE = """\
name: table
data: {{root: {root}, table: features.csv, split: {{by: track, validation: 0.25, test: 0.25, seed: 7}}}}
space:
  spectrogram: table
  backbone:
    choice:
      svm: {{C: {{log_float: [0.1, 10]}}}}
      dense: {{units_1: 16, units_2: 0, units_3: 0}}
  dense_units: 0
  learning_rate: {{log_float: [1e-3, 1e-2]}}
training: {{batch_size: 8}}
search: {{max_epochs: 4, factor: 2, seed: 7}}
winner: {{finalists: 2, repeats: 1}}
"""
UNSTABLE = ("attempt", "worker", "host", "started_at", "run_id", "latency_ms")


def stable(program: Program, name: str) -> list[dict[str, str]]:
    """The trial table as it has to be the same each time."""
    with (program.folder(name) / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {key: cell for key, cell in row.items() if key not in UNSTABLE and not key.startswith("seconds_")}
        for row in rows
    ]


@pytest.fixture(scope="module")
def classical(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Program:
    """A finished search over classical models."""
    home = tmp_path_factory.mktemp("classical")
    (home / "classical.yaml").write_text(SPACE.format(root=tiny_corpus))
    program = Program(home)
    ended = program.run("search", "classical.yaml")
    assert ended.returncode == 0, ended.stderr
    return program


def test_the_winner_says_of_files_what_it_said_in_the_search(classical: Program, tiny_corpus: Path) -> None:
    with (classical.folder("classical") / "predictions.csv").open(newline="") as file:
        known = list(csv.DictReader(file))[:3]
    for model in ("classical", "models:/classical@champion"):
        said = classical.run("predict", model, *(tiny_corpus / row["path"] for row in known), "--json")
        assert said.returncode == 0, said.stderr
        answers = [json.loads(line)["probabilities"] for line in said.stdout.splitlines()]
        for row, answer in zip(known, answers, strict=True):
            for label, probability in answer.items():
                assert probability == pytest.approx(float(row[f"p.{label}"]), abs=1e-4)


def test_the_bundle_is_a_file_that_runs_no_code(classical: Program, tmp_path: Path) -> None:
    winner = classical.folder("classical") / "winner"
    assert {file.name for file in winner.iterdir()} == {
        "tunebench.json",
        "README.md",
        "reference",
        "estimator.skops",
        "example.npz",
    }
    exported = classical.run("export", "classical", "--format", "skops", "--out", tmp_path / "out")
    assert exported.returncode == 0, exported.stderr
    assert (tmp_path / "out" / "estimator.skops").is_file()
    refused = classical.run("export", "classical", "--format", "savedmodel", "--out", tmp_path / "other")
    assert refused.returncode == 2
    assert "Write --format skops" in refused.stderr


def test_costs_and_report(classical: Program) -> None:
    board = classical.run("trials", "classical")
    assert board.returncode == 0, board.stderr
    written = classical.run("report", "classical")
    assert written.returncode == 0, written.stderr
    with (classical.folder("classical") / "trials.csv").open(newline="") as file:
        costs = {row["configuration"]: row for row in csv.DictReader(file) if row["parameters"]}
    assert costs
    assert all(float(row["latency_ms"]) > 0 for row in costs.values())


def test_killed_and_run_again_it_is_the_same_table(
    classical: Program, tmp_path: Path, tiny_corpus: Path
) -> None:
    (tmp_path / "classical.yaml").write_text(SPACE.format(root=tiny_corpus))
    program = Program(tmp_path)
    process = program.start("search", "classical.yaml")
    ended = lambda: sum(event["event"] == "result" for event in program.journal("classical")) >= 3  # noqa: E731
    wait_until(ended, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    again = program.run("search", "classical.yaml")
    assert again.returncode == 0, again.stderr
    assert stable(program, "classical") == stable(classical, "classical")


def test_worker_processes_give_the_same_table(classical: Program, tmp_path: Path, tiny_corpus: Path) -> None:
    (tmp_path / "classical.yaml").write_text(SPACE.format(root=tiny_corpus))
    program = Program(tmp_path)
    done = program.run("search", "classical.yaml", "--executor", "processes", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert stable(program, "classical") == stable(classical, "classical")


def test_grid_search_tries_every_combination_once(classical: Program) -> None:
    done = classical.run(
        "search", "classical.yaml", "--name", "grid", "--set", "search.algorithm=grid"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = stable(classical, "grid")
    assert len(rows) == 5
    assert {row["epochs_to"] for row in rows} == {"4"}


def test_protocols_train_it_under_every_split(classical: Program) -> None:
    done = classical.run("compare", "classical", "--protocols", "--json")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert [row["split_by"] for row in results] == ["group", "track", "segment"]
    assert [row["leakage"] for row in results][::2] == ["none", "segment"]


def test_a_table_in_the_public_layout_is_searched_by_track(classical: Program, tmp_path: Path) -> None:
    made = classical.run(
        "data", "features", "classical.yaml", "--segments", "--out", tmp_path / "features.csv"
    )
    assert made.returncode == 0, made.stderr
    header = (tmp_path / "features.csv").read_text().splitlines()[0].split(",")
    assert header[:2] == ["filename", "length"]
    assert header[-1] == "label"
    assert len(header) == 60
    (tmp_path / "table.yaml").write_text(TABLE.format(root=tmp_path))
    program = Program(tmp_path)
    assert program.run("validate", "table.yaml").returncode == 0
    planned = program.run("plan", "table.yaml")
    assert planned.returncode == 0, planned.stderr
    done = program.run("search", "table.yaml")
    assert done.returncode == 0, done.stderr
    summary = program.summary("table")
    assert summary["data"]["leakage"] == "none"
    assert (summary["data"]["tracks"], summary["data"]["segments"]) == (24, 48)
    assert summary["winner"]["test"]["track"]["accuracy"]["value"] > 0.5
    refused = program.run("predict", "table", tmp_path / "features.csv")
    assert refused.returncode == 2
    assert "was trained on the columns of a table, and not on audio" in refused.stderr
    checked = program.run("data", "check", "table.yaml")
    assert checked.returncode == 2
    assert "has no audio to look at" in checked.stderr


def test_a_table_and_audio_do_not_mix(tmp_path: Path) -> None:
    (tmp_path / "features.csv").write_text("filename,f,label\na.wav,1,x\nb.wav,2,y\n")
    (tmp_path / "table.yaml").write_text(
        TABLE.format(root=tmp_path).replace("spectrogram: table", "spectrogram: mel")
    )
    refused = Program(tmp_path).run("search", "table.yaml")
    assert refused.returncode == 2
    assert "data.table has none; write spectrogram: table" in refused.stderr
