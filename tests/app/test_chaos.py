"""Drivers, workers and nodes killed at random moments: the table is the undisturbed one.

In short form on worker processes and on Ray, since `test_interrupted.py` kills the inline executor;
`TUNEBENCH_CHAOS_KILLS=30` makes it long, and runs it on each executor.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from subprocess import Popen

import psutil
import pytest
from ray.cluster_utils import Cluster
from tests.app.test_interrupted import rows
from tests.program import Program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SHORT = 3
KILLS = int(os.environ.get("TUNEBENCH_CHAOS_KILLS", SHORT))
ALONE = ("--executor", "processes", "--workers", "1", "--threads", "1")


class Inline:
    """A driver that trains by itself."""

    arguments: tuple[str, ...] = ()
    undisturbed: tuple[str, ...] = ()

    def victims(self, driver: Popen[str]) -> dict[str, Callable[[], None]]:
        """What may be killed now, by what it is."""
        return {"driver": driver.kill}

    def close(self) -> None:
        """End what is left."""


class Processes(Inline):
    """A driver and two worker processes."""

    arguments = ("--executor", "processes", "--workers", "2", "--threads", "1")
    undisturbed = ALONE

    def victims(self, driver: Popen[str]) -> dict[str, Callable[[], None]]:
        workers = below(driver.pid, "tunebench.executors.worker")
        return {"driver": driver.kill} | {f"worker {n}": kill for n, kill in enumerate(workers)}


class Ray(Inline):
    """A driver, an empty head, and two nodes of one actor each; a node that dies is replaced."""

    undisturbed = ALONE

    def __init__(self) -> None:
        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        self._nodes = [self._cluster.add_node(num_cpus=1) for _ in range(2)]
        address = ("--address", self._cluster.address)
        self.arguments = ("--executor", "ray", *address, "--workers", "2", "--threads", "1")

    def victims(self, driver: Popen[str]) -> dict[str, Callable[[], None]]:
        actors = below(os.getpid(), "ray::RayWorker.run_trial")
        whole = {"driver": driver.kill, "node": self._replace_a_node}
        return whole | {f"actor {n}": kill for n, kill in enumerate(actors)}

    def close(self) -> None:
        self._cluster.shutdown()

    def _replace_a_node(self) -> None:
        self._cluster.remove_node(self._nodes.pop(0), allow_graceful=False)
        self._nodes.append(self._cluster.add_node(num_cpus=1))


def below(pid: int, word: str) -> list[Callable[[], None]]:
    """What kills each of the processes below one that have a word on their command line."""
    found: list[Callable[[], None]] = []
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if word in process.cmdline():
                    found.append(partial(os.kill, process.pid, signal.SIGKILL))
    return found


@pytest.fixture(params=[Inline, Processes, Ray] if KILLS > SHORT else [Processes, Ray])
def ground(request: pytest.FixtureRequest) -> Iterator[Inline]:
    made = request.param()
    yield made
    made.close()


def steps(program: Program, name: str) -> int:
    """How far a search has come, in events that its trials brought about."""
    return sum(event["event"] in ("start", "epoch", "result") for event in program.journal(name))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, tuple[str, ...]], Program]:
    """The search of a space that nobody kills, once for each way of running it."""
    done: dict[tuple[str, ...], Program] = {}

    def search(space: Path, arguments: tuple[str, ...]) -> Program:
        if arguments not in done:
            program = Program(tmp_path_factory.mktemp("undisturbed"))
            ended = program.run("search", space, "--name", "undisturbed", *arguments)
            assert ended.returncode == 0, ended.stderr
            done[arguments] = program
        return done[arguments]

    return search


def test_kills_at_random_moments_change_nothing(
    ground: Inline,
    write_space: Callable[..., Path],
    undisturbed: Callable[[Path, tuple[str, ...]], Program],
    tmp_path: Path,
) -> None:
    longer = [("max_epochs: 4", "max_epochs: 27"), ("factor: 2", "factor: 3")] if KILLS > SHORT else []
    space, program = write_space(*longer), Program(tmp_path)
    reference = undisturbed(space, ground.undisturbed)

    seed = random.SystemRandom().randrange(10**6)
    print(f"moments drawn with seed {seed}")
    rng = random.Random(seed)
    command = ("search", space, "--name", "disturbed", *ground.arguments)
    driver, killed = program.start(*command), []
    while len(killed) < KILLS and driver.poll() is None:
        awaited = steps(program, "disturbed") + rng.randint(0, 8)
        while steps(program, "disturbed") < awaited and driver.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        victims = ground.victims(driver)
        victim = rng.choice(sorted(victims))
        if driver.poll() is None:
            with suppress(ProcessLookupError):  # it has ended by itself
                victims[victim]()
                killed.append(victim)
        if victim == "driver":
            driver.communicate()
            driver = program.start(*command)
    _, said = driver.communicate(timeout=300)
    print("killed:", ", ".join(killed))
    if driver.returncode == -signal.SIGKILL:
        again = program.run(*command)
        assert again.returncode == 0, again.stderr
    else:
        assert driver.returncode == 0, said
    assert killed
    assert rows(program, "disturbed") == rows(reference, "undisturbed")
    first, second = (
        searched.summary(name)["winner"]["test"]
        for searched, name in ((program, "disturbed"), (reference, "undisturbed"))
    )
    assert first["segment"] == second["segment"]
