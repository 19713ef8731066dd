"""MLflow's own server on this project's store."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

from tunebench import paths
from tunebench.errors import InputError
from tunebench.tracking import store


def serve(uri: str, artifacts: Path, host: str, port: int, workers: int = 1) -> NoReturn:
    """Become MLflow's server; it ends with Ctrl-C.

    One worker and no job execution: it is up in a quarter of the time, and takes a quarter of the memory.

    Raises:
        InputError: `uri` is a server's already, or the port is taken.
    """
    if store.is_server(uri):
        raise InputError(f"$MLFLOW_TRACKING_URI is a server already: open {paths.shown(uri)} in a browser.")
    _check_free(host, port)
    store.make_folder(uri)
    store.set_defaults()
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    command = [sys.executable, "-m", "mlflow", "server", *arguments(uri, artifacts, host, port, workers)]
    sys.stdout.flush()
    os.execv(sys.executable, command)


def arguments(uri: str, artifacts: Path, host: str, port: int, workers: int) -> list[str]:
    """What `mlflow server` is called with."""
    return [
        "--backend-store-uri", uri, "--artifacts-destination", artifacts.resolve().as_uri(),
        "--host", host, "--port", str(port), "-w", str(workers),
    ]  # fmt: skip


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"{host}:{port} cannot be listened on ({error}). Choose another port with --port {port + 1}."
        ) from error
