"""The full state of a configuration on disk: written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import zipfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from tunebench.errors import StorageError
from tunebench.training.classifier import Arrays
from tunebench.trial import EpochRecord

_STATE, _BEST, _META, _LAYOUT = "state.npz", "best.npz", "meta", "layout"


@dataclass(slots=True)
class Progress:
    """What a continuation needs beside the arrays. `history` holds every epoch from the first."""

    epoch: int = 0
    stopped: bool = False
    best_epoch: int | None = None
    best_score: float | None = None
    schedules: dict[str, Any] = field(default_factory=dict)
    micro_batch: int | None = None
    history: list[EpochRecord] = field(default_factory=list)


def save(folder: Path, arrays: Arrays, progress: Progress) -> None:
    """Replace the state in `folder`.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    _write(folder / _STATE, arrays | {_META: np.array(json.dumps(asdict(progress)))})


def save_best(folder: Path, weights: Arrays) -> None:
    """Replace the best epoch's weights in `folder`."""
    _write(folder / _BEST, weights)


def load(folder: Path) -> tuple[Arrays, Progress] | None:
    """The state in `folder`, or None if there is none that can be read."""
    arrays = _read(folder / _STATE)
    if arrays is None:
        return None
    progress = Progress(**json.loads(str(arrays.pop(_META))))
    progress.history = [EpochRecord(**record) for record in progress.history]  # type: ignore[arg-type]
    return arrays, progress


def load_best(folder: Path) -> Arrays | None:
    """The best epoch's weights in `folder`, or None if there are none that can be read."""
    return _read(folder / _BEST)


def pack(folder: Path) -> dict[str, bytes]:
    """The files of a configuration's state as they are, by name, to be sent elsewhere.

    In the order in which they are to be written: no state names a best epoch whose weights are not there.
    """
    files: dict[str, bytes] = {}
    for name in (_BEST, _STATE):
        with contextlib.suppress(OSError):  # none, or none that can be read
            files[name] = (folder / name).read_bytes()
    return files


def unpack(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace the files in `folder` by those that were packed elsewhere.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    for name, content in files.items():
        _replace(folder / name, len(content), lambda file, content=content: file.write(content))


def remove(folder: Path) -> None:
    """Forget what `folder` holds, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def keep_only(parent: Path, names: Collection[str]) -> None:
    """Remove the folders of all configurations and repeats below `parent` but the named ones."""
    for folder in parent.iterdir() if parent.exists() else ():
        if folder.name not in names:
            remove(folder)


def _read(path: Path) -> Arrays | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return _apart(dict(stored))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # gone, or torn by a power cut
        return None


def _write(path: Path, arrays: Arrays) -> None:
    size = sum(array.nbytes for array in arrays.values())
    _replace(path, size, lambda file: np.savez(file, **_together(arrays)))  # type: ignore[arg-type]


def _together(arrays: Arrays) -> Arrays:
    """One flat array a dtype, and where each stands in it: hundreds take ten times as long to read."""
    by_dtype: dict[str, list[str]] = {}
    for name, array in arrays.items():
        by_dtype.setdefault(array.dtype.str, []).append(name)
    flat = {dtype: np.concatenate([arrays[n].ravel() for n in names]) for dtype, names in by_dtype.items()}
    layout = {dtype: [(n, arrays[n].shape) for n in names] for dtype, names in by_dtype.items()}
    return flat | {_LAYOUT: np.array(json.dumps(layout))}


def _apart(stored: Arrays) -> Arrays:
    """What `_together` put together."""
    arrays: Arrays = {}
    for dtype, rows in json.loads(str(stored[_LAYOUT])).items():
        ends = np.cumsum([math.prod(shape) for _, shape in rows])
        for (name, shape), part in zip(rows, np.split(stored[dtype], ends[:-1]), strict=True):
            arrays[name] = part.reshape(shape)
    return arrays


def _replace(path: Path, size: int, write: Callable[[IO[bytes]], object]) -> None:
    temporary = path.with_name(f".{path.name}.partial")  # one name: a killed process leaves no second one
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise StorageError(
            f"{path}: cannot write a checkpoint of {size >> 20} MiB "
            f"({error.strerror}). Free some space or move the search with TUNEBENCH_HOME, then run the "
            "same command again: it goes on where it stopped."
        ) from error
