"""A corpus that came as a table of features: a row a track, or a segment of one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.table import optional_cells
from tunebench.audio.track import Track, shown
from tunebench.catalog.features import FILENAME, LABEL, LENGTH
from tunebench.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_ABOUT = (LENGTH, "group", "fold", "split")
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "?", "inf", "-inf", "+inf", "infinity"})
_NUMBERED = re.compile(r"(?P<track>.+)\.(?P<number>0|[1-9][0-9]*)")


@dataclass(frozen=True)
class FeatureTable:
    """The rows of a table in the order of their tracks, which are sorted by path.

    `values` is `(rows, columns)` float32, NaN where one is missing; `track` `(rows,)` a position in `tracks`.
    """

    tracks: tuple[Track, ...]
    track: NDArray[np.int32]
    columns: tuple[str, ...]
    values: NDArray[np.float32]


def read_feature_table(file: Path) -> FeatureTable:
    """Read a CSV or Parquet file with the columns filename (or path), label, and features.

    `length`, `group`, `fold` and `split` are no features, and neither is a column without any number. Rows
    that are called like segments of one file (`blues.00000.0.wav`, `blues.00000.1.wav`, ...) are one track.

    Raises:
        DataError: the file cannot be read, a column is missing, or a cell is wrong; says where.
    """
    frame = _frame(file)
    name = next((column for column in (FILENAME, "path") if column in frame), None)
    if name is None or LABEL not in frame:
        raise DataError(
            f"{file}: needs the columns {FILENAME} and {LABEL}; received {shown(frame.columns, 8)}. "
            "Rename the columns that hold them"
        )
    names, labels = (list(frame[column].str.strip()) for column in (name, LABEL))
    for line, (path, label) in enumerate(zip(names, labels, strict=True), start=2):
        if not path or not label:
            raise DataError(
                f"{file}:{line}: {name} and {LABEL} must not be empty: write them, or drop the row"
            )
    if repeated := [path for path, count in Counter(names).items() if count > 1]:
        raise DataError(
            f"{file}: {shown(repeated)} stands in several rows: keep one, or name segments x.0, x.1"
        )
    features = [column for column in frame if column not in (name, LABEL, *_ABOUT)]
    numbers = {column: values for column in features if (values := _numbers(file, frame, column)) is not None}
    if not numbers:
        raise DataError(f"{file}: no column of numbers beside {name}, {LABEL} and {', '.join(_ABOUT)}")
    paths = _tracks_of(names, labels)
    tracks = {path: _track(file, frame, line, path) for line, path in reversed(list(enumerate(paths)))}
    ordered = sorted(tracks)
    place = {path: number for number, path in enumerate(ordered)}
    track = np.array([place[path] for path in paths], np.int32)
    order = np.argsort(track, kind="stable")
    return FeatureTable(
        tracks=tuple(tracks[path] for path in ordered),
        track=track[order],
        columns=tuple(numbers),
        values=np.stack(list(numbers.values()), axis=1)[order],
    )


def _frame(file: Path) -> pd.DataFrame:
    """All cells as text."""
    import pandas as pd

    try:
        if file.suffix.lower() == ".parquet":
            frame = pd.read_parquet(file)
            frame = frame.astype(object).where(frame.notna(), "").astype(str)
        else:
            frame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(
            f"{file}: no such file. Write data.table: the CSV or Parquet file below data.root"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{file}: cannot be read as a table ({' '.join(str(error).split())[:200]})"
        ) from error
    if frame.empty:
        raise DataError(f"{file}: no rows. Write one a track or segment: {FILENAME}, features, {LABEL}")
    return frame


def _numbers(file: Path, frame: pd.DataFrame, column: str) -> NDArray[np.float32] | None:
    """A column's numbers, or None where it has none."""
    import pandas as pd

    text = frame[column].str.strip()
    values: Any = pd.to_numeric(text.where(~text.str.lower().isin(_MISSING), None), errors="coerce")
    wrong = values.isna() & ~text.str.lower().isin(_MISSING)
    if wrong.all() or values.isna().all():
        return None
    if wrong.any():
        line = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{file}:{line + 2}: {column} is '{text.iloc[line]}': write a number, or leave the cell empty"
        )
    return values.to_numpy(np.float32)


def _tracks_of(names: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The track that each row belongs to: its own, or the one whose numbered segment it is.

    Segments are numbered from 0 without a gap and without leading zeros, and have one label.
    """
    parts: list[tuple[str, int] | None] = []
    held: defaultdict[str, list[int]] = defaultdict(list)
    classes: defaultdict[str, set[str]] = defaultdict(set)
    for name, label in zip(names, labels, strict=True):
        stem, dot, suffix = name.rpartition(".")
        if not dot or suffix.isdigit():
            stem, dot, suffix = name, "", ""
        found = _NUMBERED.fullmatch(stem)
        parts.append((f"{found['track']}{dot}{suffix}", int(found["number"])) if found else None)
        if found:
            held[parts[-1][0]].append(int(found["number"]))  # type: ignore[index]
            classes[parts[-1][0]].add(label)  # type: ignore[index]
    whole = {
        track for track, numbers in held.items()
        if sorted(numbers) == list(range(len(numbers))) and len(classes[track]) == 1
    }  # fmt: skip
    return [
        part[0] if part is not None and part[0] in whole else name
        for name, part in zip(names, parts, strict=True)
    ]


def _track(file: Path, frame: pd.DataFrame, row: int, path: str) -> Track:
    cells = {column: str(frame[column].iloc[row]).strip() for column in (*_ABOUT, LABEL) if column in frame}
    group, fold, split = optional_cells(cells, f"{file}:{row + 2}")
    return Track(path=path, label=cells[LABEL], group=group, fold=fold, split=split)
