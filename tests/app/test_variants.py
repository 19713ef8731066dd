"""A search whose space shifts pitch: killed while it computes variants, then run to its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import SPACE
from tests.program import Program, wait_until

pytestmark = pytest.mark.slow

TRACKS, VARIANTS = 24, 8


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """MLflow cannot be reached here: its address leads below a file."""
    home = tmp_path_factory.mktemp("variants")
    (home / "file").touch()
    return Program(home, {"MLFLOW_TRACKING_URI": f"sqlite:///{home / 'file' / 'mlflow.db'}"})


@pytest.fixture(scope="module")
def space(program: Program, tiny_corpus: Path) -> Path:
    path = program.home / "tiny.yaml"
    shifted = "  dense_units: 8\n  augmentation: {pitch_shift: {choice: [2, 4]}}"
    path.write_text(SPACE.format(root=tiny_corpus).replace("  dense_units: 8", shifted))
    return path


def test_variants_are_computed_before_the_first_trial_and_kept(program: Program, space: Path) -> None:
    def stored() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in program.home.glob(".tunebench/store/??/*.pcm")}

    killed = program.start("search", space, "--max-trials", "2")
    wait_until(lambda: len(stored()) > TRACKS + 10, killed)
    killed.kill()
    killed.communicate()
    before = stored()
    assert len(before) < TRACKS + VARIANTS * TRACKS / 2
    assert program.journal("tiny")[-1]["event"] == "search", "no trial was begun"
    ended = program.run("search", space, "--max-trials", "2")
    assert ended.returncode == 0, ended.stderr
    after = stored()
    training = program.summary("tiny")["data"]["sides"]["train"] // 2  # two segments a track
    assert len(after) == TRACKS + VARIANTS * training
    assert {path: after[path] for path in before} == before
    assert [event["event"] for event in program.journal("tiny")[:2]] == ["search", "session"]


def test_other_splits_have_variants_of_their_own_training_sides(program: Program, space: Path) -> None:
    ended = program.run("compare", "tiny", "--protocols")
    assert ended.returncode == 0, ended.stderr
    assert (program.folder("tiny") / "protocols.json").exists()
