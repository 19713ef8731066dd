"""Earlier searches read back out of MLflow."""

from __future__ import annotations

import pytest
from tests.tracking.project import VALUES, request, run_trial

from tunebench.errors import InputError
from tunebench.tracking.history import read_searches
from tunebench.trial import Status


def test_a_search_comes_back_with_curves_and_types(project):
    listener = project.listener()
    run_trial(listener, request())
    run_trial(listener, request("t1", "c1"), status=Status.FAILED, score=None, best_epoch=None)
    run_trial(listener, request("t2", epochs_from=3, epochs_to=6, rung=1))
    run_trial(listener, request("t3", "c3", epochs_to=2), status=Status.STOPPED)
    run_trial(listener, request("r0", "c0", kind="repeat", epochs_to=1))
    listener.close("FINISHED")

    (search,) = read_searches(f"mlflow:{project.name}", project.uri, "val_accuracy")
    assert search.name == f"mlflow:{project.name}"
    assert search.objective == "val_accuracy"
    assert search.data == project.info().digest("train")
    first, stopped = search.configurations
    assert first.values == VALUES
    assert [type(value) for value in first.values.values()] == [type(value) for value in VALUES.values()]
    assert first.curve == {epoch: epoch / 10 for epoch in range(1, 7)}
    assert first.epochs == 6
    assert (stopped.curve, stopped.epochs) == ({1: 0.1, 2: 0.2}, 9)
    (other,) = read_searches(f"mlflow:{project.name}", project.uri, "val_track_loss")
    assert not any(trained.curve for trained in other.configurations)


def test_each_search_of_an_experiment_stands_by_itself(project):
    for number in (1, 2):
        listener = project.listener(search_id=f"{project.name}-{number}")
        run_trial(listener, request())
        listener.close("FINISHED")
    assert [len(s.configurations) for s in read_searches(project.name, project.uri, "val_accuracy")] == [1, 1]


def test_an_unknown_experiment_suggests_the_nearest(project):
    project.listener().close("FINISHED")
    near = project.name.replace("search", "serch")
    with pytest.raises(
        InputError, match=rf"mlflow:{near}: no experiment of this name .* did you mean mlflow:"
    ):
        read_searches(f"mlflow:{near}", project.uri, "val_accuracy")
    (empty,) = read_searches(f"mlflow:{project.name}", project.uri, "val_accuracy")
    assert not empty.configurations
