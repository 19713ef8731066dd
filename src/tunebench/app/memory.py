"""How much memory something takes at its peak."""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
import tensorflow as tf

_EVERY_S = 0.005


@dataclass(slots=True)
class Peak:
    """Bytes at the peak, above those before; known once it is over."""

    used_bytes: int = 0


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Watch the GPU's memory, or where there is none, what this process holds in main memory.

    Main memory is sampled, and what was freed before but not given back to the system is not seen.
    """
    peak = Peak()
    gc.collect()
    if tf.config.list_physical_devices("GPU"):
        tf.config.experimental.reset_memory_stats("GPU:0")
        before = tf.config.experimental.get_memory_info("GPU:0")["current"]
        yield peak
        peak.used_bytes = tf.config.experimental.get_memory_info("GPU:0")["peak"] - before
        return
    with suppress(
        OSError, AttributeError
    ):  # what is free goes back to the system, or growth would hide in it
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    process, done = psutil.Process(), threading.Event()
    before = process.memory_info().rss

    def watch() -> None:
        while not done.wait(_EVERY_S):
            peak.used_bytes = max(peak.used_bytes, process.memory_info().rss - before)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
