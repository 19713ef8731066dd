"""A search does not depend on MLflow."""

from __future__ import annotations

import time

import pytest
from tests.tracking.project import better, request, run_trial

from tunebench import paths
from tunebench.errors import InputError
from tunebench.tracking import connection, mlflow_listener
from tunebench.tracking.connection import Connection
from tunebench.tracking.download import version_of


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """No pauses; a lost connection is tried again at once where `REST_S` is set to 0."""
    monkeypatch.setattr(mlflow_listener, "Connection", lambda **kwargs: Connection(**kwargs, pauses_s=()))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


def test_a_server_that_is_down_costs_one_warning(project):
    warned: list[str] = []
    begun = time.monotonic()
    listener = project.listener(uri="http://127.0.0.1:9", warn=warned.append)
    run_trial(listener, request())
    run_trial(listener, request("t1", "c1"))
    assert listener.log_winner(project.home, {}, [], predictions=None, judge=better) is None
    listener.close("FINISHED")
    assert len(warned) == 1
    assert "http://127.0.0.1:9 cannot be written" in warned[0]
    assert "The search goes on" in warned[0]
    assert listener.run_ids == {}
    assert time.monotonic() - begun < 20


def test_no_message_holds_a_password():
    assert paths.shown("https://me:secret@example.org/a?b=c@d") == "https://example.org/a?b=c@d"
    assert paths.shown("sqlite:////tmp/a@b/mlflow.db") == "sqlite:////tmp/a@b/mlflow.db"
    with pytest.raises(InputError) as raised:
        version_of("models:/music@champion", "http://me:secret@127.0.0.1:9")
    assert "http://127.0.0.1:9" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_folder_that_cannot_be_made_costs_one_warning(project):
    warned: list[str] = []
    (project.home / "a-file").touch()
    uri = f"sqlite:///{project.home / 'a-file' / 'mlflow.db'}"
    listener = project.listener(uri=uri, warn=warned.append)
    run_trial(listener, request())
    listener.close("FINISHED")
    assert len(warned) == 1


@pytest.mark.parametrize("rest_s", [0.0, 60.0])
def test_what_was_missed_is_written_when_it_is_back(project, monkeypatch, rest_s):
    """With a short rest by the next event, with a long one when the search ends."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    monkeypatch.setattr(connection, "REST_S", rest_s)
    warned: list[str] = []
    listener = project.listener(warn=warned.append)
    run_trial(listener, request())
    listener._thread.submit(int).result()
    with monkeypatch.context() as outage:
        outage.setattr(SqlAlchemyStore, "log_batch", _fail)
        outage.setattr(SqlAlchemyStore, "create_run", _fail)
        run_trial(listener, request("t1", "c1"))
        run_trial(listener, request("t2", epochs_from=3, epochs_to=5, rung=1), score=0.9)
        listener._thread.submit(int).result()
    run_trial(listener, request("t3", "c3"))
    listener.close("FINISHED")

    assert len(warned) == 1
    (parent,), children = project.runs()
    assert parent.info.status == "FINISHED"
    assert set(children) == {"c0", "c1", "c3"}
    assert [step for step, _ in project.history(children["c0"], "loss")] == [1, 2, 3, 4, 5]
    assert [step for step, _ in project.history(children["c1"], "loss")] == [1, 2, 3]
    assert children["c0"].data.tags["trial"] == "t2"
    assert {run.info.status for run in children.values()} == {"FINISHED"}


def _fail(*args, **kwargs):
    raise OSError("disk I/O error")
