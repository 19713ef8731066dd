"""What a search looks like in MLflow's store."""

from __future__ import annotations

import json
import math

from tests.tracking.project import VALUES, request, run_trial, wait_for

from tunebench.trial import Cost, EpochRecord, Status


def test_one_parent_and_one_child_a_configuration(project):
    listener = project.listener()
    run_trial(listener, request())
    run_trial(listener, request("t1", "c1"), status=Status.FAILED, score=None, best_epoch=None, message="OOM")
    run_trial(listener, request("t2", epochs_from=3, epochs_to=9, rung=1, bracket=1), score=0.9, best_epoch=9)
    listener.close("FINISHED")

    (parent,), children = project.runs()
    assert parent.info.status == "FINISHED"
    assert {"kind": "search", "algorithm": "hyperband", "leakage": "none", "status": "completed"}.items() <= (
        parent.data.tags.items()
    )
    assert parent.data.params["max_epochs"] == "9"
    assert {run.data.tags["mlflow.parentRunId"] for run in children.values()} == {parent.info.run_id}
    assert set(children) == {"c0", "c1"}

    promoted, failed = children["c0"], children["c1"]
    assert promoted.info.status == "FINISHED"
    assert promoted.data.params == {name: str(value) for name, value in VALUES.items()}
    assert {"kind": "trial", "trial": "t2", "rung": "1", "bracket": "1", "status": "completed"}.items() <= (
        promoted.data.tags.items()
    )
    assert promoted.data.tags["structure"] == "cnn-96"
    assert [step for step, _ in project.history(promoted, "val_accuracy")] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert project.history(promoted, "score") == [(3, 0.5), (9, 0.9)]
    assert promoted.data.metrics["seconds"] == 3.0
    assert failed.info.status == "FAILED"
    assert failed.data.tags["message"] == "OOM"
    assert "score" not in failed.data.metrics
    assert listener.run_ids == {name: run.info.run_id for name, run in children.items()}


def test_the_cost_of_a_configuration_stands_in_its_run(project):
    listener = project.listener()
    run_trial(listener, request(), cost=Cost(parameters=1_000, size_mb=0.004, latency_ms=2.5))
    run_trial(listener, request("t1", epochs_from=3, epochs_to=9))
    listener.close("FINISHED")
    _, children = project.runs()
    assert project.history(children["c0"], "latency_ms") == [(3, 2.5)]
    assert project.history(children["c0"], "size_mb") == [(3, 0.004)]


def test_repeats_have_runs_of_their_own(project):
    listener = project.listener()
    run_trial(listener, request())
    for repeat in ("c0-r0", "c0-r1"):
        run_trial(listener, request(repeat, kind="repeat"))
    listener.close("FINISHED")
    _, children = project.runs()
    assert {name: run.data.tags["kind"] for name, run in children.items()} == {
        "c0": "trial",
        "c0-r0": "repeat",
        "c0-r1": "repeat",
    }
    assert children["c0-r1"].data.tags["configuration"] == "c0"


def test_datasets_and_files(project, tmp_path):
    trials = tmp_path / "trials.csv"
    project.files = (trials, tmp_path / "absent.json")
    listener = project.listener()
    trials.write_text("trial\n")
    listener.close("FINISHED")
    (parent,), _ = project.runs()
    client = project.client
    inputs = client.get_run(parent.info.run_id).inputs.dataset_inputs
    contexts = {each.tags[0].value: each.dataset for each in inputs}
    assert set(contexts) == {"train", "validation", "test"}
    assert len({dataset.digest for dataset in contexts.values()}) == 3
    assert json.loads(contexts["train"].profile)["segments"] == 60
    assert {file.path for file in client.list_artifacts(parent.info.run_id)} == {"space.yaml", "trials.csv"}
    assert (project.artifacts / project.name / parent.info.run_id / "artifacts" / "space.yaml").exists()


def test_a_metric_that_is_no_number_is_kept(project):
    listener = project.listener()
    listener.on_start(request())
    listener.on_epoch(request(), EpochRecord(1, {"loss": math.nan, "val_accuracy": 0.1}))
    listener.close("FAILED")
    (parent,), children = project.runs()
    assert parent.info.status == "FAILED"
    assert math.isnan(children["c0"].data.metrics["loss"])


def test_an_interrupted_search_ends_its_open_runs(project):
    listener = project.listener()
    listener.on_start(request())
    listener.close("KILLED")
    (parent,), children = project.runs()
    assert (parent.info.status, parent.data.tags["status"]) == ("KILLED", "interrupted")
    assert (children["c0"].info.status, children["c0"].data.tags["status"]) == ("KILLED", "interrupted")


def test_close_twice_is_close_once(project):
    listener = project.listener()
    listener.close("FINISHED")
    listener.close("FAILED")
    (parent,), _ = project.runs()
    assert parent.info.status == "FINISHED"


def test_system_metrics_stand_on_the_parent(project, monkeypatch):
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.1")
    listener = project.listener()
    run_trial(listener, request())
    wait_for(
        lambda: any(name.startswith("system/") for run in project.runs()[0] for name in run.data.metrics)
    )
    listener.close("FINISHED")
    _, children = project.runs()
    assert not any(name.startswith("system/") for name in children["c0"].data.metrics)
