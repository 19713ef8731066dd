"""Relative paths: those in a file are relative to it, those on the command line to the current folder."""

from __future__ import annotations

from pathlib import Path

from tunebench.space.document import Document, KeyPath

_FILES: tuple[KeyPath, ...] = (
    ("data", "root"),
    ("data", "group", "file"),
    ("data", "split", "lists", "train"),
    ("data", "split", "lists", "validation"),
    ("data", "split", "lists", "test"),
)
_MANIFEST: KeyPath = ("data", "manifest")


def make_paths_absolute(document: Document) -> None:
    """Make the section's paths absolute.

    The manifest stays relative to the root, where `--data` moves it with the audio, unless there is
    none and one stands beside the file.
    """
    for path in _FILES:
        value = document.get(path)
        if isinstance(value, str):
            document.replace(path, str(_absolute(document, path, value)))
    manifest, root = document.get(_MANIFEST), document.get(("data", "root"))
    if isinstance(manifest, str) and isinstance(root, str) and not (Path(root) / manifest).is_file():
        beside = _absolute(document, _MANIFEST, manifest)
        if beside.is_file():
            document.replace(_MANIFEST, str(beside))


def _absolute(document: Document, path: KeyPath, value: str) -> Path:
    return (document.mark(path).source.folder / Path(value).expanduser()).resolve()
