"""Relative paths: those in a file are relative to it, those on the command line to the current folder."""

from __future__ import annotations

import os
from pathlib import Path

from tunebench.space.document import Document, KeyPath, is_list
from tunebench.space.problems import Problems
from tunebench.space.sections import MLFLOW

_FILES: tuple[KeyPath, ...] = (
    ("data", "root"),
    ("data", "group", "file"),
    ("data", "split", "lists", "train"),
    ("data", "split", "lists", "validation"),
    ("data", "split", "lists", "test"),
)
_MANIFEST: KeyPath = ("data", "manifest")
_WARM_START: KeyPath = ("search", "warm_start")


def absolute(folder: Path, text: str) -> Path:
    """The path that `text` names, seen from `folder`.

    Raises:
        ValueError: it can name none.
    """
    try:
        return (folder / Path(text).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"must be a path ({error})") from None


def make_paths_absolute(document: Document, problems: Problems) -> None:
    """Make the section's paths absolute; what is no path goes to `problems`.

    The manifest stays relative to the root, where `--data` moves it with the audio, unless there is
    none and one stands beside the file.
    """
    found = {path: _absolute(document, problems, path) for path in (*_FILES, _MANIFEST)}
    manifest, root = found.pop(_MANIFEST), found["data", "root"]
    if manifest and root and os.path.isfile(manifest):
        below_root = os.path.join(root, str(document.get(_MANIFEST)))
        if not os.path.isfile(below_root):
            document.replace(_MANIFEST, str(manifest))
    for path in _earlier_searches(document):
        found[path] = _absolute(document, problems, path)
    for path, file in found.items():
        if file:
            document.replace(path, str(file))


def _earlier_searches(document: Document) -> list[KeyPath]:
    """Where `search.warm_start` holds paths: what has a slash, or is a dot or two."""
    declared = document.get(_WARM_START)
    items = (
        [((*_WARM_START, index), item) for index, item in enumerate(declared)]
        if is_list(declared)
        else [(_WARM_START, declared)]
    )
    return [path for path, item in items if isinstance(item, str) and is_path(item)]


def is_path(earlier: str) -> bool:
    """Whether an earlier search is written as a path, and not as a name or as `mlflow:NAME`."""
    return not earlier.startswith(MLFLOW) and ("/" in earlier or earlier in (".", ".."))


def _absolute(document: Document, problems: Problems, path: KeyPath) -> Path | None:
    value = document.get(path)
    if not isinstance(value, str):
        return None
    try:
        return absolute(document.mark(path).source.folder, value)
    except ValueError as error:
        problems.value(path, str(error), "the path of a file or folder")
        return None
