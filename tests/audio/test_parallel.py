"""Work in other processes: in which order, how it fails, and what is left where its driver is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import tunebench
from tunebench.audio.corpus import Corpus
from tunebench.audio.parallel import each
from tunebench.audio.store import Store
from tunebench.errors import StorageError

TASKS = [(number, "x") for number in range(12)]


def corpus(root: Path) -> Corpus:
    return Corpus(("a",), (), 8_000, (), Store(root))


def named(corpus: Corpus, number: int, text: str) -> str:
    if text == "bad" and number == 5:
        raise StorageError(f"{corpus.store.root}: task {number}")
    return f"{corpus.store.root.name} {text * number}"


def asleep(corpus: Corpus, number: int) -> None:
    if number:  # the first is done alone
        (corpus.store.root / f"{os.getpid()}").touch()
        time.sleep(60)


def drive(folder: str) -> None:
    list(each(corpus(Path(folder)), asleep, [(number,) for number in range(20)], workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_each_task_is_done_once(tmp_path: Path, workers: int) -> None:
    told: list[tuple[int, int]] = []
    done = each(corpus(tmp_path), named, TASKS, workers=workers, progress=lambda *at: told.append(at))
    assert dict(done) == {number: f"{tmp_path.name} {'x' * number}" for number in range(12)}
    assert told == [(number, 12) for number in range(1, 13)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_comes_through(tmp_path: Path, workers: int) -> None:
    with pytest.raises(StorageError, match="task 5"):
        list(each(corpus(tmp_path), named, [(number, "bad") for number in range(12)], workers=workers))


def test_no_process_outlives_a_driver_that_is_killed(tmp_path: Path) -> None:
    roots = [Path(__file__).parents[2], Path(tunebench.__file__).parents[1]]
    driver = subprocess.Popen(
        [sys.executable, "-c", f"from tests.audio.test_parallel import drive; drive({str(tmp_path)!r})"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))},
    )
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    driver.kill()
    driver.wait()
    wait_until(lambda: not any(runs(int(path.name)) for path in tmp_path.iterdir()))


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
