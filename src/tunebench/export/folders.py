"""Folders that appear whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunebench.errors import StorageError


@contextmanager
def written_whole(directory: Path) -> Iterator[Path]:
    """A temporary folder beside `directory` that takes its name, and its place, once the block ends well.

    What an earlier, killed attempt left beside it is removed.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    partial, replaced = (directory.with_name(f".{directory.name}.{end}") for end in ("partial", "replaced"))
    try:
        for leftover in (partial, replaced):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        if directory.exists():
            directory.rename(replaced)
        partial.rename(directory)
    except OSError as error:
        raise StorageError(
            f"{directory}: cannot be written ({error.strerror or error}). "
            "Free some space or name a folder that can be written, then run the same command again."
        ) from error
    finally:
        for leftover in (partial, replaced):
            shutil.rmtree(leftover, ignore_errors=True)
