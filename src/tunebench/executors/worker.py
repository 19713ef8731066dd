"""A worker process: takes trials from its driver, and ends when the driver does.

Started as `python -m tunebench.executors.worker FD WORKERS THREADS MEMORY_MIB`, one of WORKERS, with one end
of a socket as FD. The first thing it is sent is its recipe, all others are requests.
It answers with tuples: `("ready", None)` once, `("epoch", record)`, `("result", result)`, and
`("storage", message)` where the search must stop.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunebench.executors.recipe import Recipe
    from tunebench.trial import TrialRequest


def main(fd: int, workers: int, threads: int, memory_mib: int) -> None:
    """Serve until the driver closes the socket or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    connection = Connection(fd)
    arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, arrived), daemon=True).start()

    from tunebench.errors import StorageError
    from tunebench.training.runtime import set_up

    set_up(threads=threads, memory_mib=memory_mib)

    recipe: Recipe = pickle.loads(arrived.get())
    trainer = recipe.trainer(processes=workers)
    connection.send(("ready", None))
    while True:
        request: TrialRequest = pickle.loads(arrived.get())
        try:
            result = trainer.run_trial(request, lambda record: connection.send(("epoch", record)))
        except StorageError as error:
            connection.send(("storage", str(error)))
        else:
            connection.send(("result", result))


def _listen(connection: Connection, arrived: queue.SimpleQueue[bytes]) -> None:
    """Hand on what arrives. A driver that is gone may already have a successor: end at once."""
    while True:
        try:
            arrived.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
