"""After kill -9 the next process adopts what the first one had begun."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from tests.tracking.project import Project, record, request, result, run_trial

from tunebench.search.records import Records, TrialRecord

ROOT = Path(__file__).parents[2]


def crash(project: Project) -> None:
    """A process that ends one trial, begins another, and is killed in its second epoch."""
    script = f"""
        import os, signal
        from pathlib import Path
        from tests.tracking.project import Project, record, request, run_trial
        listener = Project(Path({str(project.home)!r}), {project.name!r}).listener()
        run_trial(listener, request("t0", "c0"))
        listener.on_start(request("t1", "c1"))
        listener.on_epoch(request("t1", "c1"), record(1))
        listener._thread.submit(lambda: os.kill(os.getpid(), signal.SIGKILL)).result()
    """
    code = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'src')!r}]\n" + textwrap.dedent(script)
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ended.returncode == -9, ended.stderr


def leave(project: Project) -> None:
    """What a killed process leaves in the store, at less cost."""
    listener = project.listener()
    run_trial(listener, request("t0", "c0"))
    listener.on_start(request("t1", "c1"))
    listener._thread.submit(int).result()


def journal_after_crash() -> Records:
    """It holds one epoch of t1 that the killed process had not logged yet."""
    return Records(
        {
            "t0": TrialRecord(request("t0", "c0"), 1, {n: record(n) for n in (1, 2, 3)}, result("t0")),
            "t1": TrialRecord(request("t1", "c1"), 1, {n: record(n) for n in (1, 2)}),
        }
    )


def test_the_same_runs_go_on_after_kill_9(project):
    crash(project)
    parents, before = project.runs()
    assert [run.info.status for run in parents] == ["RUNNING"]
    assert before["c1"].info.status == "RUNNING"

    listener = project.listener(records=journal_after_crash())
    again = request("t1", "c1", attempt=2)
    listener.on_start(again)
    listener.on_epoch(again, record(3))
    listener.on_result(again, result("t1"))
    run_trial(listener, request("t2", "c0", epochs_from=3, epochs_to=4, rung=1), score=0.8)
    listener.close("FINISHED")

    (parent,), children = project.runs()
    assert parent.info.run_id == parents[0].info.run_id
    assert {name: run.info.run_id for name, run in children.items()} == {
        name: run.info.run_id for name, run in before.items()
    }
    assert listener.run_ids["c0"] == before["c0"].info.run_id
    assert {run.info.status for run in (parent, *children.values())} == {"FINISHED"}
    assert [step for step, _ in project.history(children["c1"], "val_accuracy")] == [1, 2, 3]
    assert [step for step, _ in project.history(children["c0"], "loss")] == [1, 2, 3, 4]
    assert project.history(children["c0"], "score") == [(3, 0.5), (4, 0.8)]
    assert children["c1"].data.tags["attempt"] == "2"


def test_runs_that_nobody_continues_are_ended(project):
    leave(project)
    listener = project.listener(records=journal_after_crash())
    listener.on_start(request("t5", "c5"))
    listener._thread.submit(int).result()
    _, children = project.runs()
    assert {name: run.info.status for name, run in children.items()} == {
        "c0": "FINISHED",
        "c1": "KILLED",
        "c5": "RUNNING",
    }
    listener.close("FINISHED")


def test_an_adopted_trial_keeps_its_attempt(project):
    records = journal_after_crash()
    records.trials["t0"].attempts = 3
    project.listener(records=records).close("FINISHED")
    _, children = project.runs()
    assert children["c0"].data.tags["attempt"] == "3"


def test_all_is_written_from_the_journal_where_nothing_was(project):
    project.listener(records=journal_after_crash()).close("KILLED")
    _, children = project.runs()
    assert project.history(children["c1"], "val_accuracy") == [(1, 0.1), (2, 0.2)]
    assert children["c0"].data.metrics["score"] == 0.5


def test_what_is_told_twice_is_written_once(project):
    listener = project.listener()
    for _ in range(2):
        run_trial(listener, request())
    listener.close("FINISHED")
    project.listener(records=journal_after_crash()).close("FINISHED")
    _, children = project.runs()
    assert [step for step, _ in project.history(children["c0"], "loss")] == [1, 2, 3]
    assert len(project.history(children["c0"], "score")) == 1


def test_fresh_gets_a_new_parent(project):
    for search_id in ("first", "second"):
        listener = project.listener(search_id=search_id)
        listener.on_start(request(configuration=search_id))
        listener.close("FINISHED")
    parents, children = project.runs()
    assert len({run.info.run_id for run in parents}) == 2
    assert len({run.data.tags["mlflow.parentRunId"] for run in children.values()}) == 2


def test_an_experiment_that_was_deleted_is_restored(project):
    project.listener(search_id="first").close("FINISHED")
    held = project.client.get_experiment_by_name(project.name)
    project.client.delete_experiment(held.experiment_id)
    project.listener(search_id="second").close("FINISHED")
    assert project.client.get_experiment(held.experiment_id).lifecycle_stage == "active"
