"""The full state of a configuration on disk: written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zipfile
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tunebench.errors import StorageError
from tunebench.training.classifier import Arrays
from tunebench.trial import EpochRecord

_STATE, _BEST, _META = "state.npz", "best.npz", "meta"


@dataclass(slots=True)
class Progress:
    """What a continuation needs beside the arrays. `history` holds every epoch from the first."""

    epoch: int = 0
    stopped: bool = False
    best_epoch: int | None = None
    best_score: float | None = None
    schedules: dict[str, Any] = field(default_factory=dict)
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
            return dict(stored)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):  # gone, or torn by a power cut
        return None


def _write(path: Path, arrays: Arrays) -> None:
    temporary = path.with_name(f".{path.name}.partial")  # one name: a killed process leaves no second one
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise StorageError(
            f"{path}: cannot write a checkpoint of {sum(a.nbytes for a in arrays.values()) >> 20} MiB "
            f"({error.strerror}). Free some space or move the search with TUNEBENCH_HOME, then run the "
            "same command again: it goes on where it stopped."
        ) from error
