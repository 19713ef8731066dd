"""What runs in an actor's process on some node of a Ray cluster. Ray itself is not imported here."""

from __future__ import annotations

import atexit
import os
import queue
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tunebench.errors import InputError, StorageError
from tunebench.executors.devices import part_of_gpu_mib, visible_gpus

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tunebench.executors.recipe import Recipe
    from tunebench.trial import TrialRequest

Message = tuple[str, Any, dict[str, bytes]]
"""`epoch`, `result` or `storage`; what it says; files of the checkpoint that are new."""

_SCRATCH = "tunebench-worker-"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an actor runs."""

    host: str
    pid: int


class RayWorker:
    """Runs trials one after another, and answers with messages as they come.

    Nothing of the driver's disk need be there. Decoded audio that this node cannot see is sent to it, and
    every checkpoint goes back to the driver, which alone writes them down: the actor of a driver that was
    killed cannot disturb the next one.
    """

    def __init__(self, recipe: Recipe, workers: int, threads: int, gpus: float) -> None:
        self._threads, self._gpus = threads, gpus
        self._recipe, self._workers, self._checkpoints = recipe, workers, _scratch() / "checkpoints"
        self._pool = ThreadPoolExecutor(1)
        self._trainer: Any = None

    def greet(self) -> Place:
        """Answer as soon as there is room for this actor: from here on its silence means something."""
        return Place(os.uname().nodename, os.getpid())

    def prepare(self, versions: Mapping[str, str]) -> list[str]:
        """Set up TensorFlow, and choose where this node reads audio: the keys of what must be sent to it.

        That is the driver's own store where all of it can be seen from here (a shared path), and a store of
        this node otherwise.

        Raises:
            InputError: what is installed here is not what the driver has.
        """
        here = versions_of(versions)
        if here != dict(versions):
            raise InputError(
                f"node {os.uname().nodename} has {here}, the driver has {dict(versions)}. Install the same "
                "versions on every node of the cluster."
            )
        from tunebench.training.runtime import set_up

        if not self._gpus:  # Ray leaves a node's GPUs in sight of those that asked for none
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        set_up(threads=self._threads, memory_mib=part_of_gpu_mib(visible_gpus(), self._gpus))
        corpus = self._recipe.data.corpus
        if absent := _absent(self._recipe):
            store = type(corpus.store)(node_store())
            data = replace(self._recipe.data, corpus=replace(corpus, store=store))
            self._recipe = replace(self._recipe, data=data)
            absent = _absent(self._recipe)
        return absent

    def receive(self, tracks: Mapping[str, NDArray[np.int16]]) -> None:
        """Keep decoded tracks in this node's store. Two workers that do so write the same."""
        store = self._recipe.data.corpus.store
        for key, samples in tracks.items():
            if store.samples(key) is None:
                store.write(key, [samples])

    def run_trial(self, request: TrialRequest, files: Mapping[str, bytes]) -> Iterator[Message]:
        """Train from the checkpoint in `files`."""
        messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        training = self._pool.submit(self._train, request, files, messages)
        while (message := messages.get()) is not None:
            yield message
        training.result()

    def _train(
        self,
        request: TrialRequest,
        files: Mapping[str, bytes],
        messages: queue.SimpleQueue[Message | None],
    ) -> None:
        from tunebench.training import checkpoint

        folder = self._checkpoints / request.checkpoint
        known = dict(files)

        def news() -> dict[str, bytes]:
            now = checkpoint.pack(folder)
            new = {name: content for name, content in now.items() if known.get(name) != content}
            known.update(new)
            return new

        try:
            checkpoint.unpack(folder, files)
            if self._trainer is None:
                recipe = replace(self._recipe, checkpoints=self._checkpoints)
                self._trainer = recipe.trainer(processes=self._workers)
            result = self._trainer.run_trial(request, lambda record: messages.put(("epoch", record, news())))
            messages.put(("result", result, {}))
        except StorageError as error:
            messages.put(("storage", f"on {os.uname().nodename}: {error}", {}))
        finally:
            checkpoint.remove(folder)
            messages.put(None)


def versions_of(packages: Mapping[str, str] | tuple[str, ...]) -> dict[str, str]:
    """Installed versions of packages."""
    return {name: version(name) for name in packages}


def node_store() -> Path:
    """Decoded audio of a node that does not see the driver's: `$TUNEBENCH_STORE`, or a temporary folder."""
    named = os.environ.get("TUNEBENCH_STORE")
    return Path(named) if named else Path(tempfile.gettempdir()) / f"tunebench-store-{os.getuid()}"


def _absent(recipe: Recipe) -> list[str]:
    store = recipe.data.corpus.store

    def there(key: str, samples: int) -> bool:
        try:
            return store.samples(key) == samples
        except OSError:  # another user's folder
            return False

    return [key for key, samples in recipe.data.audio() if not there(key, samples)]


def _scratch() -> Path:
    """A folder of this process, which goes when it ends; those of processes that were killed go now."""
    parent = Path(tempfile.gettempdir())
    for left in parent.glob(f"{_SCRATCH}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(_SCRATCH))):
            shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"{_SCRATCH}{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
