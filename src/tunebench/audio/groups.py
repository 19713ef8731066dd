"""Where groups (artists, recordings) come from when no manifest column says them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tunebench.audio.text import read_rows, read_text
from tunebench.audio.track import Track, TracksByName, shown
from tunebench.errors import DataError


def with_groups(tracks: Sequence[Track], groups: Sequence[str | None]) -> list[Track]:
    """Give each track that has no group yet the one at its position, if any."""
    return [
        replace(track, group=group) if track.group is None and group else track
        for track, group in zip(tracks, groups, strict=True)
    ]


def groups_in_paths(tracks: Sequence[Track], pattern: str) -> list[str | None]:
    """What the named part `group` of a regular expression finds in each track's path.

    Raises:
        DataError: the expression is faulty, has no such part, or finds nothing anywhere.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise DataError(f"data.group.pattern: {pattern!r} is no regular expression ({error})") from error
    if "group" not in compiled.groupindex:
        raise DataError(
            f"data.group.pattern: must have a part named group, as (?P<group>[^-]+)-. Received: {pattern!r}"
        )
    groups = [found["group"] if (found := compiled.search(track.path)) else None for track in tracks]
    if not any(groups):
        raise DataError(f"data.group.pattern: {pattern!r} matches no path. A path to match: {tracks[0].path}")
    return groups


def groups_in_file(tracks: Sequence[Track], file: Path) -> list[str | None]:
    """What a file says: a CSV file with the columns path and group, or lines `a.wav ::: artist ::: title`.

    A path may lack its folders and its suffix. Tracks that the file does not name have no group.

    Raises:
        DataError: the file cannot be read, names no track, or one of its names is ambiguous.
    """
    names = TracksByName(tracks)
    groups: list[str | None] = [None] * len(tracks)
    for line, name, group in _entries(file):
        found = names.find(name)
        if len(found) > 1:
            several = shown(tracks[index].path for index in found)
            raise DataError(
                f"{file}:{line}: '{name}' may mean {several}: write the path, relative to data.root"
            )
        for index in found:
            if groups[index] not in (None, group):
                raise DataError(
                    f"{file}:{line}: '{name}' had the group '{groups[index]}' in a line before: keep one"
                )
            groups[index] = group
    if not any(groups):
        raise DataError(f"{file}: names no file of the corpus. A path that it could name: {tracks[0].path}")
    return groups


def _entries(file: Path) -> Iterable[tuple[int, str, str]]:
    """(line, path, group), without the lines that leave one of them empty."""
    lines = read_text(file).splitlines()
    if lines and ":::" in lines[0]:
        cells = [[*re.split(r"\s*:::\s*", line.strip()), ""] for line in lines]
        rows = [(line, name, group) for line, (name, group, *_) in enumerate(cells, start=1)]
    else:
        rows = [
            (line, row["path"], row["group"]) for line, row in read_rows(file, required=("path", "group"))
        ]
    return (row for row in rows if row[1] and row[2])
