"""A corpus without a manifest: one folder per class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tunebench.audio.track import SUFFIXES, Track, shown
from tunebench.errors import DataError

GTZAN_FOLDERS = ("genres", "genres_original")
"""GTZAN comes with its class folders inside one of these."""

_SIDE_NAMES = frozenset({"train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval"})


def scan_flat(root: Path, audio: str | None = None) -> list[Track]:
    """The audio files below `root`, or its folder `audio`, at any depth, by path; without labels.

    Raises:
        DataError: there is none.
    """
    base = root / (audio or ".")
    paths = sorted(path.relative_to(root).as_posix() for path in audio_files(base))
    if not paths:
        raise DataError(
            f"{base}: no audio file in it. Write data.root (or --data): the folder of your audio."
        )
    return [Track(path, "") for path in paths]


def scan(root: Path, audio: str | None = None) -> list[Track]:
    """The audio files below each class's folder, at any depth, sorted by path; hidden files do not count.

    Class folders are those of `root`, or of its folder `audio`.

    Raises:
        DataError: there are no class folders, or one of them holds no audio.
    """
    base = root / audio if audio else _classes_folder(root)
    found: dict[str, list[Track]] = {}
    for folder in _folders(base):
        paths = sorted(path.relative_to(root).as_posix() for path in audio_files(folder))
        found[folder.name] = [Track(path, folder.name) for path in paths]
    if not found:
        raise DataError(
            f"{root}: no class folders. Put each class's audio files in a folder of its own "
            f"({root.name}/rock/a.wav), or write data.manifest: tracks.csv with the columns path and label; "
            "where file names say the class, data.label: {pattern: '(?P<label>[^/_]+)_[^/]*$'}."
        )
    if len(found) > 1 and all(label.lower() in _SIDE_NAMES for label in found):
        raise DataError(
            f"{base}: its folders are {shown(found)}, which are sides of a split and no classes. Write "
            "data.manifest: tracks.csv with the columns path, label and split, and data.split: {by: column}."
        )
    if empty := [label for label, tracks in found.items() if not tracks]:
        raise DataError(
            f"{base}: no audio file in the class folder {shown(empty)}. Put audio in it "
            f"({', '.join(SUFFIXES[:6])}, ...), remove it, or give it a name that begins with a dot."
        )
    return [track for tracks in found.values() for track in tracks]


def _classes_folder(root: Path) -> Path:
    for name in GTZAN_FOLDERS:
        if (root / name).is_dir() and _folders(root / name):
            return root / name
    return root


def _folders(base: Path) -> list[Path]:
    return sorted(path for path in base.iterdir() if path.is_dir() and not path.name.startswith("."))


def audio_files(folder: Path) -> Iterator[Path]:
    """Audio files at any depth, links to folders followed, each folder once."""
    seen: set[str] = set()
    for parent, names, files in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(parent)) in seen:  # a link to a folder above it
            names.clear()
            continue
        seen.add(real)
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(parent, name)
