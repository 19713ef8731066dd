"""Trials in worker processes on this machine, kept from trial to trial and replaced when they die."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import IO, Any

from tunebench.cores import own_cores
from tunebench.errors import SearchError, StorageError
from tunebench.executors.devices import Share, shares, visible_gpus
from tunebench.executors.recipe import Recipe
from tunebench.search.protocols import EpochListener, Lost
from tunebench.trial import TrialRequest, TrialResult

_POLL_S = 1.0
_GRACE_S = 5.0
_MAX_FAILED_STARTS = 8
_READY_WITHIN_S = 300.0


class ProcessExecutor:
    """`workers` processes, each with its share of the machine.

    A worker that dies, or that is silent for `hung_after_s`, costs its trial one attempt; a new one takes
    its place. One that ends before it was ready for a first trial costs nothing: the next takes the trial
    over. What workers write to their terminal goes to `logs`.
    """

    isolated = True

    def __init__(
        self,
        recipe: Recipe,
        *,
        workers: int,
        logs: Path,
        threads: int | None = None,
        hung_after_s: float | None = None,
    ) -> None:
        self.slots = workers
        self._recipe, self._logs, self._hung_after_s = recipe, logs, hung_after_s
        self._shares = shares(workers, threads=threads, gpus=visible_gpus(), cores=own_cores())
        self._workers: dict[int, _Worker] = {}
        self._failed_starts = 0

    def submit(self, request: TrialRequest) -> None:
        """Hand a trial to an idle worker, one that knows its backbone if there is one."""
        backbone = request.values["backbone"]
        idle = [worker for worker in self._workers.values() if worker.request is None]
        knowing = [worker for worker in idle if backbone in worker.backbones]
        free = [number for number in range(self.slots) if number not in self._workers]
        if not knowing and free:
            self._workers[free[0]] = worker = self._start(free[0])
        else:
            worker = (knowing or idle)[0]
        worker.take(request)

    def wait(self, on_epoch: EpochListener) -> TrialResult | Lost:
        """Pass on epochs until a trial ends, or its worker does."""
        while True:
            busy = {worker.connection: worker for worker in self._workers.values() if worker.request}
            for connection in wait(list(busy), timeout=_POLL_S):
                worker = busy[connection]  # type: ignore[index]
                try:
                    kind, content = worker.connection.recv()
                except (EOFError, OSError):
                    if lost := self._lose(worker, _how_it_ended(worker.process)):
                        return lost
                    continue
                worker.heard_at = time.monotonic()
                assert worker.request is not None
                if kind == "ready":
                    worker.ready, self._failed_starts = True, 0
                elif kind == "epoch":
                    on_epoch(worker.request.trial, content)
                elif kind == "storage":
                    raise StorageError(content)
                else:
                    worker.request = None
                    return content
            for worker in busy.values():
                silent_s = time.monotonic() - worker.heard_at
                if self._hung_after_s is not None and silent_s > worker.allowed_s(self._hung_after_s):
                    if lost := self._lose(worker, f"no epoch ended for {silent_s / 60:.1f} min"):
                        return lost
                    break

    def close(self) -> None:
        """End all workers; those in the middle of an epoch too."""
        for worker in self._workers.values():
            worker.end(grace_s=0 if worker.request else _GRACE_S)
        self._workers.clear()

    def _lose(self, worker: _Worker, reason: str) -> Lost | None:
        """End a worker; None if it was not ready yet, and another has its trial now.

        Raises:
            SearchError: workers in a row ended before they were ready.
        """
        request = worker.request
        assert request is not None
        worker.end(grace_s=0)
        del self._workers[worker.number]
        said = f"worker {worker.number}: {reason}; its output is in {worker.log.name}"
        if worker.ready:
            return Lost(request.trial, said)
        self._failed_starts += 1
        if self._failed_starts >= _MAX_FAILED_STARTS:
            raise SearchError(f"{self._failed_starts} workers in a row could not be started: {said}")
        self.submit(request)
        return None

    def _start(self, number: int) -> _Worker:
        log = self._logs / f"worker-{number}.log"
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
            file = log.open("ab")
        except OSError as error:
            raise StorageError(
                f"{log}: cannot be written ({error.strerror}). Free some space, then run the same command "
                "again: the search goes on where it stopped."
            ) from error
        return _Worker(number, self.slots, self._shares[number], self._recipe, file)


class _Worker:
    """One process and what it is doing."""

    def __init__(self, number: int, workers: int, share: Share, recipe: Recipe, log: IO[bytes]) -> None:
        self.number, self.log = number, log
        self.request: TrialRequest | None = None
        self.ready = False
        """Whether it has imported what it needs, and said so."""
        self.backbones: set[Any] = set()
        self.heard_at = 0.0
        ours, theirs = socket.socketpair()
        environment = {**os.environ, "OMP_NUM_THREADS": str(share.threads)}
        if share.gpu is not None:
            environment["CUDA_VISIBLE_DEVICES"] = share.gpu
        arguments = map(str, (theirs.fileno(), workers, share.threads, share.memory_mib))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tunebench.executors.worker", *arguments],
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        if share.cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self.process.pid, share.cores)
        theirs.close()
        self.connection = Connection(ours.detach())
        self._send(recipe)

    def take(self, request: TrialRequest) -> None:
        """Begin a trial."""
        self.request, self.heard_at = request, time.monotonic()
        self.backbones.add(request.values["backbone"])
        self._send(request)

    def allowed_s(self, hung_after_s: float) -> float:
        """How long it may be silent: what it imports takes longer than many an epoch."""
        return hung_after_s if self.ready else max(hung_after_s, _READY_WITHIN_S)

    def end(self, *, grace_s: float) -> None:
        """Let it end by itself within `grace_s`, or kill it."""
        self.connection.close()  # it ends when it notices
        try:
            if not grace_s:
                self.process.kill()
            self.process.wait(grace_s or None)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def _send(self, content: object) -> None:
        with suppress(OSError):  # it is dead: the next `wait` finds out
            self.connection.send(content)


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return f"was ended by {name}{hint}"
