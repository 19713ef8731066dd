"""The append-only record that a restart is rebuilt from."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tunebench.errors import InputError, StorageError


class Journal:
    """One JSON object a line, each on disk before `append` returns.

    A process killed while writing leaves a torn last line: it is dropped when the journal is opened
    again. Only one process at a time can hold a journal open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b", buffering=0)  # what could not be written is kept nowhere
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise InputError(
                f"{path.parent}: another tunebench process is running this search. Wait for it to end, "
                "or give this one another name with --name."
            ) from error
        except OSError as error:
            self._file.close()
            raise StorageError(
                f"{path.parent}: this file system has no locks ({error.strerror}), so two searches could "
                "write one folder. Set TUNEBENCH_HOME to a folder on another file system."
            ) from error
        self._drop_torn_line()

    def append(self, event: str, **fields: Any) -> None:
        """Write one line, with the time as `at`, and wait until the disk has it.

        Raises:
            StorageError: the disk is full or not writable.
        """
        line = json.dumps({"event": event, "at": round(time.time(), 3), **fields}).encode() + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            os.ftruncate(self._file.fileno(), end)
            raise _unwritable(self.path, error) from error

    def close(self) -> None:
        """Let another process have it."""
        self._file.close()

    def _drop_torn_line(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self._file.truncate(whole)


def read(path: Path) -> Iterator[Mapping[str, Any]]:
    """The events of a journal in order; a torn last line is passed over.

    Raises:
        InputError: somebody changed it: a line is no JSON.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                try:
                    event = json.loads(line)
                except ValueError as error:
                    raise InputError(
                        f"{path}:{number}: this line is damaged ({error}). Put back a copy of the journal, "
                        "or start over with --fresh (the old run is kept aside)."
                    ) from error
                yield event


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path}: cannot be written ({error.strerror}). Free some space, or choose another folder with "
        "TUNEBENCH_HOME, then run the same command again: the search goes on where it stopped."
    )
