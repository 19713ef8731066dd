"""A full disk and a read-only folder: exit code 1, a message, and what was done is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.program import READ_ONLY_BINDS, Program, largest_file

Refused = Callable[..., str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    home = tmp_path / "project"
    home.mkdir()
    return Program(home)


def stored(program: Program) -> set[str]:
    return {path.name for path in (program.home / ".tunebench" / "store").glob("??/*.pcm")}


def test_full_disk_while_decoding(program: Program, write_space: Callable) -> None:
    space = write_space()
    track_bytes = round(1.2 * 8_000) * 2
    full = program.run("data", "prepare", space, before=largest_file(track_bytes - 1))
    assert full.returncode == 1, full.stderr
    assert (
        "there is no space left. Free some space, or name another folder in $TUNEBENCH_STORE" in full.stderr
    )
    assert "Traceback" not in full.stderr
    assert not stored(program)
    assert not list((program.home / ".tunebench" / "store" / "partial").iterdir())
    assert program.run("data", "prepare", space).returncode == 0
    assert len(stored(program)) == 24


def test_what_fits_before_the_disk_is_full_is_kept(
    program: Program, write_space: Callable, hostile_corpus: Path
) -> None:
    space = write_space(root=hostile_corpus)
    index_bytes = 2_000  # of fingerprints.jsonl, which grows with every file; a track has more
    first = program.run("data", "prepare", space, before=largest_file(round(1.2 * 8_000) * 2 + index_bytes))
    assert "Traceback" not in first.stderr
    kept = stored(program)
    assert kept
    assert program.run("data", "prepare", space).returncode == 0
    assert kept <= stored(program)


@pytest.mark.parametrize("command", [("search",), ("data", "prepare"), ("data", "check")])
def test_read_only_folder(program: Program, write_space: Callable, command: tuple[str, ...]) -> None:
    program.home.chmod(0o555)
    ended = program.run(*command, write_space(), before=READ_ONLY_BINDS)
    program.home.chmod(0o755)
    assert ended.returncode == 1, ended.stdout
    assert (
        f"{program.home / '.tunebench' / 'store'}: it cannot be written (Permission denied)" in ended.stderr
    )
    assert "Traceback" not in ended.stderr


def test_experiments_cannot_be_written(program: Program, write_space: Callable) -> None:
    (program.home / "experiments").mkdir(mode=0o555)
    ended = program.run("search", write_space(), before=READ_ONLY_BINDS)
    assert ended.returncode == 1
    assert "cannot be written (Permission denied)" in ended.stderr
    assert "TUNEBENCH_HOME" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_home_below_a_file(
    refused: Refused, write_space: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TUNEBENCH_HOME", str(tmp_path / "file" / "home"))
    said = refused("search", write_space(), code=1)
    assert "Not a directory. Correct the path" in said


def test_demo_corpus_below_a_file(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written here" in refused("data", "demo", tmp_path / "file" / "demo", code=1)


def test_demo_corpus_over_other_files(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "novel.txt").touch()
    assert "novel.txt" in refused("data", "demo", tmp_path)
