"""Worker processes that die, hang, and lose their driver."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.executors.test_conformance import asked, drive

from tunebench.errors import SearchError
from tunebench.executors.processes import ProcessExecutor
from tunebench.executors.recipe import Recipe
from tunebench.search.protocols import Lost
from tunebench.trial import TrialResult

Make = Callable[..., ProcessExecutor]


def pids(executor: ProcessExecutor) -> list[int]:
    return [worker.process.pid for worker in executor._workers.values()]


def gone(pid: int, within_s: float = 10.0) -> bool:
    """Whether a process that is not our child ends in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_one_worker_and_two_give_the_same(processes: Make, recipe: Recipe) -> None:
    requests = [asked(number, learning_rate=1e-3 * (number + 1)) for number in range(3)]
    _, alone = drive(processes(1), requests)
    for folder in recipe.checkpoints.iterdir():
        for file in folder.iterdir():
            file.unlink()
    _, together = drive(processes(2), requests)
    assert together == alone


def test_a_worker_that_is_killed_costs_one_attempt(processes: Make) -> None:
    _, undisturbed = drive(processes(1), [asked(7)])
    executor, heard = processes(1), []
    one = asked(0)

    def kill_in_the_second_epoch(trial, record):
        heard.append(record)
        if record.epoch == 1:
            os.kill(pids(executor)[0], signal.SIGKILL)

    executor.submit(one)
    lost = executor.wait(kill_in_the_second_epoch)
    assert lost == Lost(
        "t0",
        f"worker 0: was ended by SIGKILL (out of memory?); its output is in {executor._logs}/worker-0.log",
    )
    _, epochs = drive(executor, [one])
    assert {r.epoch: r.metrics for r in heard} | {r.epoch: r.metrics for r in epochs["t0"]} == {
        r.epoch: r.metrics for r in undisturbed["t7"]
    }


def test_a_worker_that_hangs_is_replaced(processes: Make) -> None:
    executor = processes(1, hung_after_s=3.0)
    drive(executor, [asked(0)])  # its structure is compiled by now
    executor.submit(asked(1))
    os.kill(pids(executor)[0], signal.SIGSTOP)
    lost = executor.wait(lambda trial, record: None)
    assert isinstance(lost, Lost)
    assert "no epoch ended for 0.1 min" in lost.reason
    assert not executor._workers


def test_closing_ends_workers_that_train_too(processes: Make) -> None:
    executor = processes(2)
    executor.submit(asked(0))
    executor.submit(asked(1))
    before = pids(executor)
    executor.close()
    assert all(gone(pid) for pid in before)


DRIVER = """
import pickle, sys
from tunebench.errors import SearchError
from tunebench.executors.processes import ProcessExecutor
recipe, request, logs = pickle.loads(sys.stdin.buffer.read())
executor = ProcessExecutor(recipe, workers=1, threads=1, logs=logs)
executor.submit(request)
print(executor._workers[0].process.pid, flush=True)
executor.wait(lambda trial, record: print("epoch", flush=True))
"""


@pytest.mark.parametrize("after_epochs", [0, 1])
def test_workers_end_with_their_driver(recipe: Recipe, tmp_path: Path, after_epochs: int) -> None:
    """Killed while the worker starts, and while it trains: two writers of one checkpoint must not be."""
    import pickle
    from dataclasses import replace

    request = replace(asked(0), epochs_to=500)
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    assert driver.stdin is not None
    assert driver.stdout is not None
    driver.stdin.write(pickle.dumps((recipe, request, tmp_path / "logs")))
    driver.stdin.close()
    worker = int(driver.stdout.readline())
    for _ in range(after_epochs):
        assert driver.stdout.readline() == b"epoch\n"
    driver.kill()
    driver.wait()
    driver.stdout.close()
    assert gone(worker)


def test_a_worker_that_ends_before_it_is_ready_costs_its_trial_nothing(processes: Make) -> None:
    executor = processes(1)
    executor.submit(asked(0))
    first = executor._workers[0].process
    first.kill()  # it is still importing TensorFlow
    result = executor.wait(lambda trial, record: None)
    assert isinstance(result, TrialResult)
    assert result.message == ""
    assert executor._workers[0].process.pid != first.pid


def test_workers_that_cannot_start_end_the_search(processes: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    monkeypatch.setattr("tunebench.executors.processes._MAX_FAILED_STARTS", 2)
    executor = processes(1)
    executor.submit(asked(0))
    with pytest.raises(SearchError, match=r"2 workers in a row could not be started: .*exit code 1"):
        executor.wait(lambda trial, record: None)
