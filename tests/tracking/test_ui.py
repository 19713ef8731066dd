"""`tunebench ui`: MLflow's server on the project's store."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from tunebench.errors import InputError
from tunebench.tracking import ui


def test_becomes_mlflows_server_with_one_worker(tmp_path, monkeypatch):
    called: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, command: called.append([path, *command]))
    monkeypatch.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "true")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}"
    ui.serve(uri, tmp_path / "mlruns" / "artifacts", "127.0.0.1", port)
    (command,) = called
    assert command[:5] == [sys.executable, sys.executable, "-m", "mlflow", "server"]
    assert command[command.index("--backend-store-uri") + 1] == uri
    assert command[command.index("-w") + 1] == "1"
    assert os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert (tmp_path / "mlruns").is_dir()


def test_a_port_that_is_taken_names_another(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"Choose another port with --port {port + 1}"):
            ui.serve(f"sqlite:///{tmp_path}/mlflow.db", tmp_path, "127.0.0.1", port)


def test_a_servers_store_is_opened_in_a_browser(tmp_path):
    with pytest.raises(InputError, match="open http://lab:5000 in a browser"):
        ui.serve("http://lab:5000", tmp_path, "127.0.0.1", 5000)
