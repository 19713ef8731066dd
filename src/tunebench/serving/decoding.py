"""Decoding uploads outside of the service's own process, within a time limit."""

from __future__ import annotations

import fcntl
import json
import os
import queue
import select
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebench.errors import DataError
from tunebench.serving.apart import command, environment

_PIPE_BYTES = 2**20
_CLOSING_S = 5.0
_HEAD_BYTES = 2**12
"""More than the line before the samples can have."""

_KEPT = str(2**26)
_ENVIRONMENT = {
    # glibc keeps so many bytes between requests: to fetch them anew for each took two fifths of decoding one
    "MALLOC_MMAP_THRESHOLD_": _KEPT,
    "MALLOC_TRIM_THRESHOLD_": _KEPT,
    "OPENBLAS_NUM_THREADS": "1",  # a thread a core would take 40 MB each of the bounded address space
}


class _Worker:
    """One decoding process, started when it is first needed and again after it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """The process, alive as far as is known."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                command("tunebench.serving.decode_worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
                env=environment(_ENVIRONMENT),
            )
            assert self._process.stdout is not None
            with suppress(OSError):  # the system allows less
                fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return self._process

    def ask(
        self, request: dict[str, object], timeout_s: float
    ) -> tuple[dict[str, object], NDArray[np.int16]]:
        """The answer's line, and the samples that follow it.

        Raises:
            DataError: the process died, or was killed when its time was up.
        """
        process = self.start()
        assert process.stdin is not None
        assert process.stdout is not None
        pipe, until = process.stdout.fileno(), time.monotonic() + timeout_s
        head = bytearray(_HEAD_BYTES)
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            held = 0
            while b"\n" not in head[:held]:
                held += _read(pipe, memoryview(head)[held:], until)
            line, _, begun = bytes(head[:held]).partition(b"\n")
            answer = json.loads(line)
            body = memoryview(bytearray(2 * int(answer.get("samples", 0))))
            body[: len(begun)], held = begun, len(begun)
            while held < len(body):
                held += _read(pipe, body[held:], until)
        except TimeoutError:
            self.stop()
            raise DataError(f"decoding it took over {timeout_s:g} s, so it was given up") from None
        except (OSError, EOFError, ValueError):
            self.stop()
            raise DataError("it broke the decoder") from None
        return answer, np.frombuffer(body, np.int16)

    def kill(self) -> None:
        """Kill the process; another thread may wait for its answer, and tidies up after it."""
        if (process := self._process) is not None:
            process.kill()

    def stop(self) -> None:
        """Kill the process, wait for it and close its pipes."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None


def _read(pipe: int, into: memoryview, until: float) -> int:
    """How many bytes were read, at least one.

    Raises:
        TimeoutError: none came in time.
        EOFError: the other end is closed, or there is no room left.
    """
    waiting = select.poll()  # `select.select` refuses file descriptors above 1023
    waiting.register(pipe, select.POLLIN)
    if not waiting.poll(1e3 * max(0.0, until - time.monotonic())):
        raise TimeoutError
    if not (count := os.readv(pipe, [into])):
        raise EOFError
    return count


class DecoderPool:
    """So many decoding processes; a thread that wants one waits until one is free."""

    def __init__(self, workers: int) -> None:
        self._workers = [_Worker() for _ in range(workers)]
        self._free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._is_closed = threading.Event()
        for worker in self._workers:
            worker.start()
            self._free.put(worker)

    def decode(
        self,
        path: Path,
        rate_hz: int,
        *,
        longest_s: float,
        timeout_s: float,
        check: Callable[[], None] = lambda: None,
    ) -> NDArray[np.int16]:
        """A file as training would have stored it, `(samples,)` at `rate_hz`.

        `check` is called once a decoder is free; what it raises is raised, and nothing is decoded.

        Raises:
            DataError: it is not audio that can be used, too long, too slow to decode, or breaks the decoder.
            RuntimeError: the pool was closed.
        """
        worker = self._free.get()
        try:
            if self._is_closed.is_set():
                raise RuntimeError("these decoders were closed")
            check()
            answer, samples = worker.ask(
                {"path": str(path), "rate_hz": rate_hz, "longest_s": longest_s}, timeout_s
            )
        finally:
            self._free.put(worker)
        if "refused" in answer:
            raise DataError(str(answer["refused"]))
        return samples

    def __len__(self) -> int:
        return len(self._workers)

    def close(self) -> None:
        """End the processes, what they are at included."""
        self._is_closed.set()
        for worker in self._workers:
            worker.kill()
        for _ in self._workers:  # each comes back from the thread that has it
            with suppress(queue.Empty):
                worker = self._free.get(timeout=_CLOSING_S)
                worker.stop()
        for worker in self._workers:  # who still waits for one is told that there is none
            self._free.put(worker)
