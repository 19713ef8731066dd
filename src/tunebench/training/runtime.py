"""TensorFlow in a process that trains, set up before it looks at its devices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf


def set_up(*, threads: int | None = None, memory_mib: int = 0) -> None:
    """Bound this process to its share of the machine, and have the same seed give the same numbers.

    On the CPU, operations are deterministic. On a GPU that would cost speed.

    Args:
        threads: Threads of an operation, and operations at once; TensorFlow's own choice if None.
        memory_mib: Of each GPU; 0 takes what is needed as it is needed, since others may want some of it too.
    """
    if threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        if memory_mib:
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=memory_mib)
            tf.config.set_logical_device_configuration(gpu, [limit])
        else:
            tf.config.experimental.set_memory_growth(gpu, True)
    if not gpus:
        tf.config.experimental.enable_op_determinism()


@contextmanager
def as_traced() -> Iterator[None]:
    """Graphs called in it run as they were traced, on the CPU.

    TensorFlow's graph optimiser took 7 of the 10 s of MobileNetV2's first training step, and made no later
    one faster. On a GPU it chooses memory layouts, and is left alone; so it is in prediction, where it folds
    constants: what is trained and what is exported must round alike.
    """
    if tf.config.list_logical_devices("GPU"):
        yield
        return
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
