"""A collection of music: any folder of audio, whose labels are known or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from tunebench.audio.folders import audio_files
from tunebench.audio.text import read_rows
from tunebench.audio.track import SUFFIXES, Track, TracksByName, shown
from tunebench.errors import DataError

UNLABELLED = ""
"""The label of a track of which nothing is known."""


def collect(root: Path) -> list[Track]:
    """All audio files below a folder, at any depth, unlabelled, sorted by path; hidden ones do not count.

    Raises:
        DataError: there is no such folder, or no audio in it.
    """
    if not root.is_dir():
        what = "is a file" if root.exists() else "no such folder"
        raise DataError(f"{root}: {what}. Write the folder that holds your music.")
    paths = sorted(path.relative_to(root).as_posix() for path in audio_files(root))
    if not paths:
        raise DataError(
            f"{root}: no audio file in this folder or below it. Write the folder of your music "
            f"({', '.join(SUFFIXES[:6])}, ...)."
        )
    return [Track(path, UNLABELLED) for path in paths]


def labelled_by_folders(tracks: Sequence[Track]) -> list[Track]:
    """Each track labelled by its folder, where every file lies in one of at least two folders.

    Folders that hold all tracks do not count: in `genres/rock/a.wav` and `genres/jazz/b.wav` the labels are
    `rock` and `jazz`. Otherwise the tracks are returned as they are.
    """
    parents = [PurePosixPath(track.path).parent.parts for track in tracks]
    depth = 0
    while all(len(parts) > depth for parts in parents):
        names = [parts[depth] for parts in parents]
        if len(set(names)) > 1:
            return [replace(track, label=name) for track, name in zip(tracks, names, strict=True)]
        depth += 1
    return list(tracks)


def labelled_by_file(tracks: Sequence[Track], file: Path) -> list[Track]:
    """Each track with the label that a CSV file with the columns path and label gives it.

    A path may lack its folders and its suffix. Tracks that the file does not name stay unlabelled.

    Raises:
        DataError: the file cannot be read, names no track, or one of its names is ambiguous.
    """
    names = TracksByName(tracks)
    labelled = [replace(track, label=UNLABELLED) for track in tracks]
    for line, row in read_rows(file, required=("path", "label")):
        found = names.find(row["path"])
        if len(found) > 1:
            several = shown(tracks[index].path for index in found)
            raise DataError(f"{file}:{line}: '{row['path']}' may mean {several}: write the path with folders")
        for index in found:
            labelled[index] = replace(labelled[index], label=row["label"])
    if not any(track.label for track in labelled):
        raise DataError(f"{file}: labels no file of the collection. Write a path such as {tracks[0].path}")
    return labelled
