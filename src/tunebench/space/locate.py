"""Relative paths: those in a file are relative to it, those on the command line to the current folder."""

from __future__ import annotations

import os
from pathlib import Path

from tunebench.space.document import Document, KeyPath
from tunebench.space.problems import Problems

_FILES: tuple[KeyPath, ...] = (
    ("data", "root"),
    ("data", "group", "file"),
    ("data", "split", "lists", "train"),
    ("data", "split", "lists", "validation"),
    ("data", "split", "lists", "test"),
)
_MANIFEST: KeyPath = ("data", "manifest")


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
    for path, file in found.items():
        if file:
            document.replace(path, str(file))


def _absolute(document: Document, problems: Problems, path: KeyPath) -> Path | None:
    value = document.get(path)
    if not isinstance(value, str):
        return None
    try:
        return absolute(document.mark(path).source.folder, value)
    except ValueError as error:
        problems.value(path, str(error), "the path of a file or folder")
        return None
