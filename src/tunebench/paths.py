"""Where things stand: `experiments/`, `mlruns/` and `.tunebench/` under one home folder."""

from __future__ import annotations

import os
import re
from pathlib import Path


def home() -> Path:
    """The folder that holds what tunebench writes: `$TUNEBENCH_HOME`, or the current folder."""
    return Path(os.environ.get("TUNEBENCH_HOME", ".")).resolve()


def experiments() -> Path:
    """One folder a search."""
    return home() / "experiments"


def store() -> Path:
    """The decoded audio, shared by all searches: `$TUNEBENCH_STORE`, or `.tunebench/store`."""
    named = os.environ.get("TUNEBENCH_STORE")
    return Path(named).resolve() if named else home() / ".tunebench" / "store"


def tracking_uri() -> str:
    """`$MLFLOW_TRACKING_URI`, or MLflow's SQLite store at `mlruns/mlflow.db`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'mlruns' / 'mlflow.db'}"


def shown(uri: str) -> str:
    """A store's address as messages and logs may hold it: without a user's name and password."""
    return re.sub(r"//[^/@\s]*@", "//", uri)


def artifacts() -> Path:
    """Where the artifacts of the local MLflow store lie."""
    return home() / "mlruns" / "artifacts"
