"""A worker process: takes trials from its driver, and ends when the driver does.

Started as `python -m tunebench.executors.worker FD WORKERS THREADS MEMORY_MIB`, one of WORKERS, with one end
of a socket as FD. The first thing it is sent is its recipe, all others are requests.
It answers with tuples: `("epoch", record)`, `("result", result)`, and `("storage", message)` where the
search must stop.
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
    set_up(threads, memory_mib)

    from tunebench.errors import StorageError

    recipe: Recipe = pickle.loads(arrived.get())
    trainer = recipe.trainer(processes=workers)
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


def set_up(threads: int, memory_mib: int) -> None:
    """Bound this process to its share of the machine, before TensorFlow looks at it."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    for device in tf.config.list_physical_devices("GPU"):
        if memory_mib:
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=memory_mib)
            tf.config.set_logical_device_configuration(device, [limit])
        else:
            tf.config.experimental.set_memory_growth(device, True)
    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
