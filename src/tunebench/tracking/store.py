"""Reaching MLflow's store: quietly, quickly, and safely where several searches begin at once."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

SQLITE = "sqlite:///"

_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # A server that is down is given up after seconds, not minutes: what it missed is made up for later.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}

_VOLUME = {
    "mlflow": logging.ERROR,
    "alembic": logging.ERROR,
    "mlflow.store.db.utils": logging.CRITICAL,  # prints a traceback of what it raises too
}


def is_server(uri: str) -> bool:
    """Whether a tracking URI is an MLflow server's, which keeps artifacts where it likes."""
    return uri.startswith(("http://", "https://", "databricks"))


def set_defaults() -> None:
    """Set what MLflow reads from the environment when it is imported, where nobody has set it."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)


def make_folder(uri: str) -> None:
    """Make the folder that a SQLite store stands in."""
    if uri.startswith(SQLITE):
        Path(uri.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True)


def is_missing(uri: str) -> bool:
    """Whether it is a SQLite store that nothing was written to yet: `connect` would make it."""
    return uri.startswith(SQLITE) and not Path(uri.removeprefix(SQLITE)).exists()


def connect(uri: str) -> MlflowClient:
    """A client of the store; a SQLite file is made where there is none."""
    set_defaults()
    from mlflow import MlflowClient

    for name, level in _VOLUME.items():
        logging.getLogger(name).setLevel(level)
    make_folder(uri)
    with locked(uri, "lock"):  # two that create the tables of a new SQLite file spoil it for each other
        client = MlflowClient(uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return client


def experiment_id(client: MlflowClient, *, name: str, uri: str, artifacts: Path) -> str:
    """The experiment of this name: made where there is none, restored where it was deleted."""
    held = client.get_experiment_by_name(name)
    if held is None:
        location = None if is_server(uri) else (artifacts.resolve() / name).as_uri()
        return client.create_experiment(name, artifact_location=location)
    if held.lifecycle_stage == "deleted":
        client.restore_experiment(held.experiment_id)
    return held.experiment_id


@contextmanager
def locked(uri: str, name: str) -> Iterator[None]:
    """One process at a time, by a lock file of this name beside a SQLite store; others know no such lock."""
    if not uri.startswith(SQLITE):
        yield
        return
    database = Path(uri.removeprefix(SQLITE))
    with database.with_name(f".{database.name}.{name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
