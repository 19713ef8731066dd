"""SHA-256 of files, remembered by path, size and time of change, so that a corpus is hashed once."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from pathlib import Path

from tunebench.audio.rejection import Fault, RejectedAudioError

LARGEST_BYTES = 8 * 2**30
"""Larger files are not even hashed: a sparse file of a terabyte would keep a core busy for an hour."""

_SETTLED_S = 2.0
"""A file that changed this recently may change again within the same time stamp: not remembered."""


class Fingerprints:
    """Content hashes by file. Safe to share between threads; several processes may append to one file.

    The file is a cache of one JSON list a line, `[path, size, mtime_ns, sha256]`; the last line about a path
    counts, and a line that a crash tore is skipped. Where it cannot be written, files are hashed again.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, int, str]] | None = None

    def of(self, path: Path) -> str:
        """SHA-256 of the file's content, in hexadecimal.

        Raises:
            RejectedAudioError: the file cannot be opened, is empty, or is larger than `LARGEST_BYTES`.
        """
        try:
            status = path.stat()
            if not status.st_size:
                raise RejectedAudioError(Fault.EMPTY, "the file holds no bytes")
            if status.st_size > LARGEST_BYTES:
                raise RejectedAudioError(
                    Fault.TOO_LONG,
                    f"{status.st_size / 2**30:,.0f} GiB; cut it to {LARGEST_BYTES >> 30} GiB at most",
                )
            name = str(path.absolute())
            known = self._load().get(name)
            if known and known[:2] == (status.st_size, status.st_mtime_ns):
                return known[2]
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise RejectedAudioError(Fault.INACCESSIBLE, f"it cannot be opened ({error.strerror})") from error
        if time.time() - status.st_mtime > _SETTLED_S:
            self._remember(name, status.st_size, status.st_mtime_ns, digest)
        return digest

    def _load(self) -> dict[str, tuple[int, int, str]]:
        with self._lock:
            if self._known is None:
                self._known = {}
                for line in _lines(self._file):
                    try:
                        name, size, mtime_ns, digest = json.loads(line)
                        self._known[name] = (size, mtime_ns, digest)
                    except (ValueError, TypeError):
                        continue  # torn by a crash
            return self._known

    def _remember(self, name: str, size: int, mtime_ns: int, digest: str) -> None:
        line = "\n" + json.dumps([name, size, mtime_ns, digest]) + "\n"  # a torn line before it stays alone
        with self._lock:
            assert self._known is not None
            self._known[name] = (size, mtime_ns, digest)
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
                try:
                    os.write(descriptor, line.encode())
                finally:
                    os.close(descriptor)
            except OSError:
                return  # only a cache; a disk that is full is reported where audio is written


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
