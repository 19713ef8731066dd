"""A Ray cluster as the driver finds it: joining it, and who fits where."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from tunebench.errors import InputError


def share(
    nodes: Sequence[dict[str, float]], workers: int, threads: int | None, gpus: float | None
) -> tuple[int, float]:
    """CPUs and GPUs of each worker, where they were not given."""
    cpus = [int(node.get("CPU", 0)) for node in nodes]
    even = min(sum(cpus) // workers, max(cpus, default=0))
    if gpus is None:
        gpus = 1.0 if any(node.get("GPU") for node in nodes) else 0.0
    if threads is None:
        most = min(workers, places(nodes, 1, gpus))
        fitting = (count for count in range(even, 1, -1) if places(nodes, count, gpus) >= most)
        threads = next(fitting, 1)
    return threads, gpus


def places(nodes: Sequence[dict[str, float]], threads: int, gpus: float) -> int:
    """How many workers fit on the nodes at once."""
    fitting = 0
    for node in nodes:
        by_cpu = int(node.get("CPU", 0) // threads)
        if gpus >= 1:
            fitting += min(by_cpu, int(node.get("GPU", 0) // gpus))
        else:  # a part of a GPU is a part of one
            fitting += min(by_cpu, int(node.get("GPU", 0)) * int(1 / gpus)) if gpus else by_cpu
    return fitting


def no_room(nodes: Sequence[dict[str, float]], threads: int, gpus: float) -> str:
    """What a worker wants and the nodes have."""
    has = "; ".join(f"{node.get('CPU', 0):g} CPUs and {node.get('GPU', 0):g} GPUs" for node in nodes)
    return (
        f"no node of the Ray cluster has room for a worker of {threads} CPUs and {gpus:g} GPUs; "
        f"its nodes have {has or 'nothing'}. Change --threads or --gpus, or add a node."
    )


def join(ray: Any, address: str | None, cpus: int) -> None:
    """Join the cluster at an address, or begin one of at least so many CPUs on this machine.

    Raises:
        InputError: there is none.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    if address and address.startswith("ray://"):
        raise InputError(
            f"--address {address}: is Ray's client, which does not pass on what workers say. Run the "
            "search on a node of the cluster, with --address auto."
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the cluster
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    alone = {"address": "local", "num_cpus": max(cpus, os.cpu_count() or 1)}
    begin: dict[str, Any] = {"address": address} if address else alone
    try:
        with handlers_kept():
            ray.init(**begin, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        if not address:
            raise InputError(f"Ray cannot be started on this machine ({one_line(error)})") from error
        raise InputError(
            f"--address {address}: no Ray cluster can be joined there ({one_line(error)}). Start one with "
            "`ray start --head`, or leave out --address and RAY_ADDRESS to use this machine alone."
        ) from error


@contextmanager
def handlers_kept() -> Generator[None]:
    """Keep our signal handlers where Ray installs its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def one_line(error: BaseException) -> str:
    """What Ray says, without its particulars."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    dead = [line for line in lines if line.startswith("The actor is dead because")]
    return " ".join((dead or lines or [type(error).__name__])[-1:])[:200]
