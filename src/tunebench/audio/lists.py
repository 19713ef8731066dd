"""Splits that are given as lists of files, one list a side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunebench.audio import gtzan
from tunebench.audio.text import read_text
from tunebench.audio.track import SIDES, Side, Track, TracksByName, shown
from tunebench.errors import DataError

if TYPE_CHECKING:
    from tunebench.space.sections import SplitLists


@dataclass(frozen=True)
class Listed:
    """`sides`: the side of each track, None where no list names it. `missing`: names that match no track."""

    sides: tuple[Side | None, ...]
    missing: tuple[str, ...]


def read_lists(tracks: Sequence[Track], lists: SplitLists | str) -> Listed:
    """Match the lists' lines to tracks by file stem; empty lines and lines that begin with # are ignored.

    Raises:
        DataError: a list cannot be read, names no track at all, or names one twice or ambiguously.
    """
    with ExitStack() as stack:
        files: Mapping[Side, Path | None]
        if isinstance(lists, str):
            files = {
                side: stack.enter_context(gtzan.file(name)) for side, name in gtzan.protocol(lists).items()
            }
        else:
            files = {"train": lists.train, "validation": lists.validation, "test": lists.test}
        return _match(tracks, {side: file for side in SIDES if (file := files[side])})


def _match(tracks: Sequence[Track], files: Mapping[Side, Path]) -> Listed:
    names = TracksByName(tracks)
    sides: list[Side | None] = [None] * len(tracks)
    missing: list[str] = []
    for side, file in files.items():
        hits = 0
        for number, line in enumerate(read_text(file).splitlines(), start=1):
            name = line.strip()
            if not name or name.startswith("#"):
                continue
            found = names.find(name)
            if len(found) > 1:
                several = shown(tracks[index].path for index in found)
                raise DataError(
                    f"{file}:{number}: '{name}' may mean {several}: write the path, relative to data.root"
                )
            if not found:
                missing.append(name)
                continue
            if sides[found[0]] not in (None, side):
                raise DataError(
                    f"{file}:{number}: '{name}' is listed for {sides[found[0]]} too: keep one of the two"
                )
            sides[found[0]] = side
            hits += 1
        if not hits:
            raise DataError(
                f"{file}: names no file of the corpus. A path that it could name: {tracks[0].path}"
            )
    return Listed(tuple(sides), tuple(missing))
