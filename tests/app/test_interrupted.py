"""A search that is killed, stopped and starved of disk at many moments ends as an undisturbed one does."""

from __future__ import annotations

import csv
import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from subprocess import CompletedProcess, Popen

import pytest
from tests.conftest import Search
from tests.program import Program, largest_file, wait_until

from tunebench.search.table import UNSTABLE

pytestmark = pytest.mark.slow

NAME = "disturbed"


@dataclass
class Disturbed:
    """What happened to a search on its way, and how it ended."""

    program: Program
    seed: int
    set_aside: list[str] = field(default_factory=list)
    second_driver: CompletedProcess[str] | None = None
    full_disk: CompletedProcess[str] | None = None
    interrupted: tuple[int, str] = (0, "")
    kills: list[list[str]] = field(default_factory=list)
    ended: CompletedProcess[str] | None = None


def rows(program: Program, name: str) -> list[dict[str, str]]:
    """The trial table, without the columns that may differ."""
    with (program.folder(name) / "trials.csv").open(newline="") as file:
        return [
            {
                key: value
                for key, value in row.items()
                if key not in UNSTABLE and not key.startswith("seconds_")
            }
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def disturbed(finished: Search, tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    """The search of `finished`, killed in preparation, twice in trials, in the repeats and after them."""
    home = tmp_path_factory.mktemp("disturbed")
    database = finished.program.home / "mlruns" / "mlflow.db"  # a new one would take seconds
    program = Program(home, {"MLFLOW_TRACKING_URI": f"sqlite:///{database}"})
    story = Disturbed(program, seed=random.SystemRandom().randrange(10**6))
    rng = random.Random(story.seed)
    print(f"moments drawn with seed {story.seed}")
    arguments = ("search", finished.space, "--name", NAME)

    def happened(kind: str, of: str = "") -> int:
        return sum(e["event"] == kind and of in str(e) for e in program.journal(NAME))

    def kill_after(condition: Callable[[], bool], *more: str, delay_s: float = 0.3) -> None:
        process = program.start(*arguments, *more)
        wait_until(condition, process)
        time.sleep(rng.uniform(0, delay_s))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "it ended before it was killed: make the search longer"
        story.kills.append([event["event"] for event in program.journal(NAME)])

    shutil.copytree(finished.program.folder("tiny"), program.folder(NAME))
    stored = program.home / ".tunebench" / "store"
    kill_after(lambda: len(list(stored.glob("??/*.pcm"))) >= 3, "--fresh", delay_s=0)
    story.set_aside = [path.name for path in program.folder(NAME).parent.iterdir() if path.name != NAME]

    first = rng.randint(1, 4)
    kill_after(lambda: happened("result") >= first)

    process = program.start(*arguments)
    second = happened("result") + rng.randint(2, 4)
    wait_until(lambda: happened("result") >= second, process)
    process.send_signal(signal.SIGSTOP)
    story.second_driver = program.run(*arguments)
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGINT)
    story.interrupted = _ended(process)

    journal_bytes = (program.folder(NAME) / "journal.jsonl").stat().st_size
    story.full_disk = program.run(*arguments, before=largest_file(max(journal_bytes + 3_000, 30_000)))

    repeat = rng.randint(1, 3)
    kill_after(lambda: happened("start", "-r") >= repeat)
    kill_after(lambda: happened("winner") > 0, delay_s=2.0)
    story.ended = program.run(*arguments)
    return story


def _ended(process: Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def test_it_came_to_its_end(disturbed: Disturbed) -> None:
    assert disturbed.ended is not None
    assert disturbed.ended.returncode == 0, disturbed.ended.stderr
    assert "winner:" in disturbed.ended.stdout


def test_the_kills_hit_the_stages_they_were_meant_for(disturbed: Disturbed) -> None:
    preparing, trials, repeats, winner = disturbed.kills
    assert "search" not in preparing
    assert "result" in trials
    assert "winner" not in repeats
    assert "winner" in winner


def test_the_trials_are_those_of_an_undisturbed_search(disturbed: Disturbed, finished: Search) -> None:
    assert rows(disturbed.program, NAME) == rows(finished.program, "tiny")


def test_every_trial_was_asked_and_told_once(disturbed: Disturbed) -> None:
    journal = disturbed.program.journal(NAME)
    for kind, name in (("ask", lambda e: e["request"]["trial"]), ("result", lambda e: e["result"]["trial"])):
        names = [name(event) for event in journal if event["event"] == kind]
        assert len(names) == len(set(names))
    epochs = [(e["trial"], e["epoch"]) for e in journal if e["event"] == "epoch"]
    assert len(epochs) == len(set(epochs))


def test_the_winner_is_the_same(disturbed: Disturbed, finished: Search) -> None:
    mine, other = disturbed.program.summary(NAME)["winner"], finished.program.summary("tiny")["winner"]
    for key in ("configuration", "values", "validation", "finalists", "test"):
        assert mine[key] == other[key]


def test_no_trial_lost_more_than_the_epoch_in_flight(disturbed: Disturbed) -> None:
    """A process that dies loses no epoch that stands in the journal: none was trained twice for it."""
    with (disturbed.program.folder(NAME) / "trials.csv").open(newline="") as file:
        attempts = [int(row["attempt"]) for row in csv.DictReader(file)]
    assert max(attempts) >= 2 or sum(attempts) == len(attempts)
    assert sum(attempts) - len(attempts) <= 3  # two kills and a full disk


def test_every_look_at_the_test_side_is_counted(disturbed: Disturbed) -> None:
    ledger = (disturbed.program.home / ".tunebench" / "test_reads.jsonl").read_text().splitlines()
    reads = disturbed.program.summary(NAME)["winner"]["test_reads"]
    assert reads == len(ledger)
    assert reads in (1, 2)  # 2 where the kill came between the look and its record


def test_nothing_half_written_is_left(disturbed: Disturbed) -> None:
    home = disturbed.program.home
    assert {path.name for path in disturbed.program.folder(NAME).iterdir()} == {
        "space.yaml", "journal.jsonl", "trials.csv", "summary.json", "checkpoints", "winner", "figures",
        "study.db", "predictions.csv", "report.html",
    }  # fmt: skip
    assert not list(disturbed.program.folder(NAME).rglob(".*"))
    stored = list((home / ".tunebench" / "store").glob("??/*.pcm"))
    assert all(path.stat().st_size % 2 == 0 for path in stored)


def test_fresh_kept_the_old_run(disturbed: Disturbed, finished: Search) -> None:
    (aside,) = disturbed.set_aside
    assert aside.startswith(f"{NAME}.")
    assert disturbed.program.journal(aside) == finished.program.journal("tiny")


def test_a_second_driver_is_refused(disturbed: Disturbed) -> None:
    assert disturbed.second_driver is not None
    assert disturbed.second_driver.returncode == 2
    assert "another tunebench process is running this search" in disturbed.second_driver.stderr
    assert "--name" in disturbed.second_driver.stderr


def test_ctrl_c_says_how_to_go_on(disturbed: Disturbed, finished: Search) -> None:
    code, said = disturbed.interrupted
    assert code == 130
    assert "interrupted; the same command goes on where it stopped:" in said
    assert f"tunebench search {finished.space} --name {NAME}" in said
    assert "Traceback" not in said


def test_a_full_disk_stops_it_with_a_message(disturbed: Disturbed) -> None:
    assert disturbed.full_disk is not None
    assert disturbed.full_disk.returncode == 1, disturbed.full_disk.stderr
    assert str(disturbed.program.folder(NAME)) in disturbed.full_disk.stderr
    assert "goes on where it stopped" in disturbed.full_disk.stderr
    assert "Traceback" not in disturbed.full_disk.stderr


def test_mlflow_holds_each_configuration_once(disturbed: Disturbed) -> None:
    script = f"""
import mlflow
client = mlflow.MlflowClient({disturbed.program.environment["MLFLOW_TRACKING_URI"]!r})
experiment = client.get_experiment_by_name({NAME!r})
runs = client.search_runs([experiment.experiment_id])
print(sorted((run.info.run_name, run.info.status) for run in runs))
"""
    said = disturbed.program.script(script)
    assert said.returncode == 0, said.stderr
    found = eval(said.stdout)
    children = [name for name, _ in found if name.startswith("c0")]
    configurations = {row["configuration"] for row in rows(disturbed.program, NAME)}
    assert {name for name in children if "-r" not in name} == configurations
    assert len(children) == len(set(children)) == len(configurations) + 4
    assert {status for _, status in found} == {"FINISHED"}
