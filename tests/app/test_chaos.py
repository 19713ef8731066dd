"""Drivers and workers killed at random moments: the table is the undisturbed one.

In short form on worker processes alone, since `test_interrupted.py` kills the inline executor;
`TUNEBENCH_CHAOS_KILLS=30` makes it long, and runs it on each executor.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import psutil
import pytest
from tests.app.test_interrupted import rows
from tests.program import Program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SHORT = 3
KILLS = int(os.environ.get("TUNEBENCH_CHAOS_KILLS", SHORT))
EXECUTORS = {
    "inline": (),
    "processes": ("--executor", "processes", "--workers", "2", "--threads", "1"),
}
ALONE = {
    "inline": (),
    "processes": ("--executor", "processes", "--workers", "1", "--threads", "1"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chaos")


def workers(driver: Popen[str]) -> list[psutil.Process]:
    """Its trial processes; MLflow's are not among them."""
    try:
        children = psutil.Process(driver.pid).children()
        return [child for child in children if "tunebench.executors.worker" in child.cmdline()]
    except psutil.Error:
        return []


def steps(program: Program, name: str) -> int:
    """How far a search has come, in events that its trials brought about."""
    return sum(event["event"] in ("start", "epoch", "result") for event in program.journal(name))


@pytest.mark.parametrize("executor", EXECUTORS if KILLS > SHORT else ["processes"])
def test_kills_at_random_moments_change_nothing(
    home: Path, write_space: Callable[..., Path], executor: str
) -> None:
    longer = [("max_epochs: 4", "max_epochs: 27"), ("factor: 2", "factor: 3")] if KILLS > SHORT else []
    space = write_space(*longer)
    program = Program(home)
    undisturbed, disturbed = f"{executor}-undisturbed", f"{executor}-disturbed"
    ended = program.run("search", space, "--name", undisturbed, *ALONE[executor])
    assert ended.returncode == 0, ended.stderr

    seed = random.SystemRandom().randrange(10**6)
    print(f"moments drawn with seed {seed}")
    rng = random.Random(seed)
    command = ("search", space, "--name", disturbed, *EXECUTORS[executor])
    driver, done, killed = program.start(*command), 0, []
    while done < KILLS and driver.poll() is None:
        awaited = steps(program, disturbed) + rng.randint(0, 8)
        while steps(program, disturbed) < awaited and driver.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        targets = [driver, *workers(driver)]
        target = rng.choice(targets)
        if driver.poll() is None:
            os.kill(target.pid, signal.SIGKILL)
            killed.append("driver" if target is driver else "worker")
            done += 1
        if target is driver:
            driver.communicate()
            driver = program.start(*command)
    _, said = driver.communicate(timeout=300)
    if driver.returncode == -signal.SIGKILL:
        again = program.run(*command)
        assert again.returncode == 0, again.stderr
    else:
        assert driver.returncode == 0, said
    print("killed:", *killed)
    assert done >= 1
    assert rows(program, disturbed) == rows(program, undisturbed)
    assert program.summary(disturbed)["winner"]["test"] == program.summary(undisturbed)["winner"]["test"]
