"""Trials in long-lived actors on a Ray cluster, fed, heard and replaced by the driver."""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from tunebench.errors import InputError, SearchError, StorageError, TunebenchError
from tunebench.executors.ray_nodes import handlers_kept, join, no_room, one_line, places, share
from tunebench.executors.ray_worker import Place, RayWorker, versions_of
from tunebench.executors.recipe import Recipe
from tunebench.optional import require
from tunebench.search.protocols import EpochListener, Lost
from tunebench.training import checkpoint
from tunebench.trial import TrialRequest, TrialResult

PACKAGES = ("tunebench", "tensorflow", "keras", "numpy")

_POLL_S = 1.0
_BLOCK_SAMPLES = 2**25
_MAX_FAILED_STARTS = 3
_PATIENCE_S = 60.0
_ANSWERS_WITHIN_S = 10.0
_SMALLEST_PART = 1e-4
_READY_WITHIN_S = 300.0
"""TensorFlow is imported in it, and audio is sent."""


class RayExecutor:
    """`workers` actors of `threads` CPUs and `gpus` GPUs each, wherever the cluster has room.

    Requests wait in the driver until an actor is ready for them, so none waits for one that finds no room.
    An actor that dies, with its node or alone, or is silent for `hung_after_s`, costs its trial one
    attempt.

    Args:
        recipe: What actors train on.
        workers: Trials at once.
        address: A running cluster's, `auto` or `host:port`; None begins one on this machine.
        threads: CPUs of each actor; the cluster's divided by `workers` if None.
        gpus: GPUs of each actor; 1 if None and the cluster has any.
        hung_after_s: Silence after which an actor is replaced.

    Raises:
        InputError: there is no cluster at the address, or no room in it for one actor.
    """

    isolated = True

    def __init__(
        self,
        recipe: Recipe,
        *,
        workers: int,
        address: str | None = None,
        threads: int | None = None,
        gpus: float | None = None,
        hung_after_s: float | None = None,
    ) -> None:
        self._ray: Any = require("ray", extra="ray", purpose="--executor ray")
        self.slots = workers
        self._recipe, self._hung_after_s = recipe, hung_after_s
        self._waiting: deque[TrialRequest] = deque()
        self._workers: list[_Worker] = []
        self._failed_starts, self._patient_until = 0, float("inf")
        if gpus is not None and (0 < gpus < _SMALLEST_PART or (gpus > 1 and gpus != int(gpus))):
            raise InputError(
                f"--gpus {gpus:g}: is neither a part of one GPU nor a whole number; write 0.5 or 2"
            )
        self._joined = not self._ray.is_initialized()
        if self._joined:
            join(self._ray, address, workers * (threads or 1))
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        self._threads, self._gpus = share(nodes, workers, threads, gpus)
        if not (room := places(nodes, self._threads, self._gpus)):
            self.close()
            raise InputError(no_room(nodes, self._threads, self._gpus))
        if room < workers:
            warnings.warn(f"the Ray cluster has room for {room} of {workers} workers now", stacklevel=2)
        self._sent = self._ray.put(recipe)

    def submit(self, request: TrialRequest) -> None:
        """Queue a trial for the next actor that is ready."""
        self._waiting.append(request)
        idle = sum(worker.request is None for worker in self._workers)
        if idle < len(self._waiting):
            self._start()

    def wait(self, on_epoch: EpochListener) -> TrialResult | Lost:
        """Write down checkpoints and pass on epochs until a trial ends, or its actor does."""
        while True:
            self._hand_out()
            heard = {worker.awaits: worker for worker in self._workers if worker.awaits is not None}
            ready, _ = self._ray.wait(list(heard), num_returns=1, timeout=_POLL_S)
            ended = (self._hear(heard[ready[0]], on_epoch) if ready else None) or self._end_hung()
            if ended is not None:
                return ended

    def close(self) -> None:
        """End all actors, those that train too, and leave the cluster if it was joined here."""
        for worker in self._workers:
            self._end(worker)
        self._workers = []
        if self._joined:
            with handlers_kept():
                self._ray.shutdown()

    def _start(self) -> None:
        resources = {"num_cpus": self._threads, "num_gpus": self._gpus}
        actor = self._ray.remote(max_restarts=0, **resources)(RayWorker)  # retries are the loop's
        worker = _Worker(actor.remote(self._sent, self.slots, self._threads, self._gpus))
        worker.awaits = worker.actor.greet.remote()
        self._workers.append(worker)

    def _go_on(self, worker: _Worker) -> None:
        """Have an actor that found room prepare itself, then send the audio that its node lacks."""
        answer = self._ray.get(worker.awaits)
        if worker.place is None:
            worker.place = answer
            worker.awaits = worker.actor.prepare.remote(versions_of(PACKAGES))
            return
        if worker.audio is None:
            worker.audio = self._blocks(answer)
        block = next(worker.audio, None)
        worker.awaits = None if block is None else worker.actor.receive.remote(self._ray.put(block))
        if block is None:
            self._failed_starts = 0

    def _blocks(self, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        store, block, samples = self._recipe.data.corpus.store, {}, 0
        for key in keys:
            block[key] = store.read(key)
            samples += len(block[key])
            if samples > _BLOCK_SAMPLES:
                yield block
                block, samples = {}, 0
        if block:
            yield block

    def _hand_out(self) -> None:
        while self._waiting:
            idle = [w for w in self._workers if w.request is None and w.awaits is None]
            if not idle:
                self._warn_of_no_room()
                return
            request = self._waiting.popleft()
            backbone = request.values["backbone"]
            worker = next((w for w in idle if backbone in w.backbones), idle[0])
            worker.backbones.add(backbone)
            worker.request, worker.heard_at = request, time.monotonic()
            files = checkpoint.pack(self._recipe.checkpoints / request.checkpoint)
            worker.awaits = worker.actor.run_trial.remote(request, files)
            self._patient_until = float("inf")

    def _hear(self, worker: _Worker, on_epoch: EpochListener) -> TrialResult | Lost | None:
        worker.heard_at = time.monotonic()
        try:
            return self._go_on(worker) if worker.request is None else self._take(worker, on_epoch)
        except (self._ray.exceptions.RayError, StopIteration) as error:
            if isinstance(cause := getattr(error, "cause", None), TunebenchError):
                raise cause from None
            return self._lose(worker, one_line(error))

    def _take(self, worker: _Worker, on_epoch: EpochListener) -> TrialResult | None:
        """The next message of an actor that trains."""
        assert worker.request is not None
        kind, content, files = self._ray.get(next(worker.awaits))
        checkpoint.unpack(self._recipe.checkpoints / worker.request.checkpoint, files)
        if kind == "storage":
            raise StorageError(content)
        if kind == "epoch":
            on_epoch(worker.request.trial, content)
            return None
        worker.request = worker.awaits = None
        return content

    def _lose(self, worker: _Worker, reason: str) -> Lost | None:
        request, place = worker.request, worker.place
        self._end(worker)
        self._workers.remove(worker)
        self._drop_dead()
        if request is not None:
            assert place is not None
            return Lost(request.trial, f"Ray worker {place.pid} on {place.host}: {reason}")
        self._failed_starts += 1
        if self._failed_starts >= _MAX_FAILED_STARTS:
            raise SearchError(f"{self._failed_starts} Ray workers in a row could not be started: {reason}")
        self._start()
        return None

    def _drop_dead(self) -> None:
        """Let go of idle actors that went with the node of another: nobody waits for what they say."""
        for worker in [w for w in self._workers if w.request is None and w.awaits is None]:
            try:
                self._ray.get(worker.actor.__ray_ready__.remote(), timeout=_ANSWERS_WITHIN_S)
            except self._ray.exceptions.RayError:
                self._end(worker)
                self._workers.remove(worker)

    def _end(self, worker: _Worker) -> None:
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(worker.actor)

    def _end_hung(self) -> Lost | None:
        if self._hung_after_s is None:
            return None
        for worker in self._workers:
            silent_s = time.monotonic() - worker.heard_at
            allowed_s = self._hung_after_s if worker.request else max(self._hung_after_s, _READY_WITHIN_S)
            if worker.awaits is None or worker.place is None or silent_s < allowed_s:
                continue  # idle, waits for room, or has time left
            if not self._ray.wait([worker.awaits], timeout=0)[0]:  # others were heard first
                what = "no epoch ended" if worker.request else "it was not ready"
                return self._lose(worker, f"{what} for {silent_s / 60:.1f} min")
        return None

    def _warn_of_no_room(self) -> None:
        if any(worker.request or worker.place for worker in self._workers):
            self._patient_until = float("inf")
        elif self._patient_until == float("inf"):
            self._patient_until = time.monotonic() + _PATIENCE_S
        elif time.monotonic() > self._patient_until:
            nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
            warnings.warn(f"waiting: {no_room(nodes, self._threads, self._gpus)}", stacklevel=2)
            self._patient_until = time.monotonic() + 10 * _PATIENCE_S


class _Worker:
    """One actor and what it is doing: starting, idle, or at work on a request."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self.awaits: Any = None
        """What it will answer next: a reference while it starts, a stream of messages while it trains."""
        self.place: Place | None = None
        """Known once it has found room."""
        self.audio: Iterator[dict[str, Any]] | None = None
        self.request: TrialRequest | None = None
        self.backbones: set[Any] = set()
        self.heard_at = 0.0
