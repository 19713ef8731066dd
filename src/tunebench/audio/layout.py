"""How a manifest is laid out: what it calls its columns, which rows count, what paths are relative to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tunebench.audio.text import read_rows
from tunebench.audio.track import Track, shown
from tunebench.errors import DataError

if TYPE_CHECKING:
    from tunebench.space.sections import DataSection

COLUMNS = ("path", "label", "group", "fold", "split")

Row = dict[str, str]


@dataclass(frozen=True)
class Layout:
    """Of a manifest as tunebench writes it by itself, or of one that came with a data set.

    Attributes:
        names: the manifest's own names of `COLUMNS`, where they are others.
        where: what must stand in a row's columns for it to count; any one of several texts.
        audio: the folder below the root that paths are relative to.
        label_in_path: whether a label may be missing, since the path says it.
    """

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    audio: PurePosixPath = field(default_factory=PurePosixPath)
    label_in_path: bool = False

    @classmethod
    def of(cls, data: DataSection) -> Layout:
        """What a section says of its manifest."""
        return cls(
            names=data.columns.named() if data.columns else {},
            where=data.where or {},
            audio=PurePosixPath((data.audio or "").replace("\\", "/")),
            label_in_path=data.label is not None,
        )

    def rows(self, file: Path) -> list[tuple[int, Row]]:
        """The rows that count, by our names, each with its line number.

        Raises:
            DataError: the file cannot be read, lacks a column, or no row counts.
        """
        required, advice = self._required()
        rows = read_rows(file, required, advice)
        for column, texts in self.where.items():
            kept = [(line, row) for line, row in rows if row[column] in texts]
            if rows and not kept:
                there = shown(sorted({f'"{row[column]}"' for _, row in rows}))
                raise DataError(
                    f"{file}: data.where leaves no row: none has {column}: {' or '.join(texts)}. "
                    f"There is {there}: write one of these"
                )
            rows = kept
        names = {ours: self.names.get(ours, ours) for ours in COLUMNS}
        return [
            (line, {ours: row[theirs] for ours, theirs in names.items() if theirs in row})
            for line, row in rows
        ]

    def cells(self, columns: Sequence[str], tracks: Sequence[Track]) -> Iterator[list[Any]]:
        """Header and rows of a manifest of this layout, with these of `COLUMNS`."""
        names = [self.names.get(ours, ours) for ours in columns]
        others = {column: texts[0] for column, texts in self.where.items() if column not in names}
        yield [*names, *others]
        for track in tracks:
            path = PurePosixPath(track.path).relative_to(self.audio)
            said = [path if ours == "path" else getattr(track, ours) for ours in columns]
            yield [*said, *others.values()]

    def _required(self) -> tuple[tuple[str, ...], dict[str, str]]:
        """The columns that the manifest must have, and what to write where one is missing."""
        needed = {ours: ours for ours in COLUMNS[: 1 if self.label_in_path else 2]} | dict(self.names)
        own = [ours for ours in needed if ours not in self.names]
        advice = {column: f"Write data.where: {{{column}: ...}} with one of these" for column in self.where}
        advice |= {
            theirs: f"Write data.columns: {{{ours}: ...}} with one of these"
            for ours, theirs in self.names.items()
        }
        advice |= {
            ours: f"Write as first line: {','.join(own)}; or name those that hold it: "
            f"data.columns: {{{', '.join(f'{name}: ...' for name in own)}}}"
            for ours in own
        }
        return tuple(dict.fromkeys([*needed.values(), *self.where])), advice


PLAIN = Layout()
"""As `write_table` writes by itself."""
