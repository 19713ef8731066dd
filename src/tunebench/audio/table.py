"""A corpus with a manifest: a CSV file of paths and labels."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from tunebench.audio.layout import PLAIN, Layout
from tunebench.audio.track import Side, Track
from tunebench.errors import DataError, StorageError

_SIDE_NAMES: Mapping[str, Side] = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
_SIDES = "train, validation or test"
_SHOWN = 20

T = TypeVar("T")


def write_table(file: Path, tracks: Sequence[Track], layout: Layout = PLAIN) -> None:
    """Write a manifest that `read_table` reads: path, label, group, and fold and split where any has one.

    With a `layout`, it can stand in for the manifest that has it.

    Raises:
        StorageError: it cannot be written.
    """
    columns = ["path", "label", "group"]
    columns += [
        name for name in ("fold", "split") if any(getattr(track, name) is not None for track in tracks)
    ]
    partial = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerows(layout.cells(columns, tracks))
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(f"{file}: cannot be written ({error.strerror})") from error


class _RowError(Exception):
    """What is wrong with one row."""


def read_table(file: Path, root: Path, layout: Layout = PLAIN) -> list[Track]:
    """Read a manifest with the columns path, label and optionally group, fold, split; others are ignored.

    A track has an empty label where `layout` leaves that to its path.

    Raises:
        DataError: a line of the text for each faulty row, with file and line.
    """
    tracks: list[Track] = []
    seen: dict[str, int] = {}
    faults: list[str] = []
    for line, row in layout.rows(file):
        try:
            track = _track(row, root, layout)
            if track.path in seen:
                raise _RowError(f"'{track.path}' stands in line {seen[track.path]} already: keep one")
            seen[track.path] = line
            tracks.append(track)
        except _RowError as error:
            faults.append(f"{file}:{line}: {error}")
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise DataError("\n".join([*faults[:_SHOWN], *more]))
    if not tracks:
        raise DataError(f"{file}: no rows. Write one line per audio file: path,label")
    return tracks


def _track(row: Mapping[str, str], root: Path, layout: Layout) -> Track:
    path, label = _path(row["path"]), row.get("label", "")
    if not label and not layout.label_in_path:
        raise _RowError("the label is empty: write the class of the file")
    if not os.path.isfile(root / layout.audio / path):
        raise _RowError(f"'{path}' is no file in {root / layout.audio}: correct the path, or remove the line")
    group, fold, split = _optional(row)
    return Track(path=str(layout.audio / path), label=label, group=group, fold=fold, split=split)


def optional_cells(row: Mapping[str, str], where: str) -> tuple[str | None, int | None, Side | None]:
    """Group, fold and side that a row gives; None where its cell is empty or missing.

    Raises:
        DataError: one of them cannot be what it says; begins with `where`.
    """
    try:
        return _optional(row)
    except _RowError as error:
        raise DataError(f"{where}: {error}") from error


def _optional(row: Mapping[str, str]) -> tuple[str | None, int | None, Side | None]:
    fold = _cell(row, "fold", int, "a whole number")
    split: Side | None = _cell(
        row, "split", lambda text: _SIDE_NAMES[text.lower()], "train, validation or test"
    )
    return row.get("group") or None, fold, split


def _path(written: str) -> str:
    pure = PurePosixPath(written.replace("\\", "/"))
    if not pure.parts:
        raise _RowError("the path is empty: write the path of an audio file, relative to data.root")
    if pure.is_absolute() or ".." in pure.parts:
        raise _RowError(f"'{written}' leads out of data.root: write a path inside of it, relative to it")
    return str(pure)


def _cell(row: Mapping[str, str], column: str, convert: Callable[[str], T], rule: str) -> T | None:
    text = row.get(column)
    if not text:
        return None
    try:
        return convert(text)
    except (KeyError, ValueError) as error:
        raise _RowError(f"the {column} is '{text}': write {rule}, or leave it empty") from error
