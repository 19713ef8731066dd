"""Text files that a user names."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from tunebench.errors import DataError


def read_text(file: Path) -> str:
    """The text of a file.

    Raises:
        DataError: it cannot be read, or is no UTF-8 text.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}). It must be a text file.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 text ({error.reason}). Save it as UTF-8.") from error


def read_rows(
    file: Path, required: tuple[str, ...], advice: Mapping[str, str] | None = None
) -> list[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with a header, each with its line number; cells are stripped.

    `advice` is what to write where a column is missing, by its name.

    Raises:
        DataError: the file cannot be read, is no UTF-8 text, or lacks a required column.
    """
    reader = csv.DictReader(read_text(file).splitlines(keepends=True), restval="", strict=True)
    try:
        columns = [name.strip() for name in reader.fieldnames or ()]
        for name in required:
            if name not in columns:
                raise DataError(
                    f"{file}:1: no column '{name}'. Received: {', '.join(columns) or 'an empty file'}. "
                    + ((advice or {}).get(name) or f"Write as first line: {','.join(required)}")
                )
        reader.fieldnames = columns
        return [(reader.line_num, {column: row[column].strip() for column in columns}) for row in reader]
    except csv.Error as error:
        raise DataError(
            f"{file}:{reader.line_num + 1}: is no line of a CSV file ({error}). Write: {','.join(required)}"
        ) from error
