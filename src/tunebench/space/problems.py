"""All that is wrong with a file, gathered so that it is said at once."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from typing import Any

from tunebench.catalog.spec import Scalar
from tunebench.errors import SpaceError
from tunebench.space.document import Document, KeyPath, Mark, dotted

RESERVED: frozenset[KeyPath] = frozenset(
    {
        ("constraints",),
        ("target",),
        ("data", "folds"),
        ("data", "segment", "max_per_track"),
        ("space", "augmentation"),
        ("training", "schedule"),
        ("search", "sampler"),
        ("search", "resource"),
        ("search", "max_hours"),
        ("search", "target"),
    }
)
"""Keys that a later version will read. `prior` on a parameter is another."""

_SHOWN = 60


def shown(value: Any) -> str:
    """A value as an error shows it: on one line, and cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def nearest(key: object, known: Iterable[object]) -> str | None:
    """The known name most like `key`, if any is like it."""
    found = difflib.get_close_matches(str(key), [str(name) for name in known], 1, 0.6)
    return found[0] if found else None


class Problems:
    """Collects `file:line:column: path: rule; received X; write Y instead`."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: list[tuple[Mark, str]] = []

    def value(self, path: KeyPath, rule: str, write: str) -> None:
        """The value at `path` breaks a rule."""
        text = f"{dotted(path)}: {rule}; received {shown(self._document.get(path))}; write {write} instead"
        self._found.append((self._document.mark(path), text))

    def missing(self, path: KeyPath, write: str) -> None:
        """There is nothing at `path`, where something must be."""
        mark = self._document.key_mark(path)
        self._found.append((mark, f"{dotted(path)}: is required; received nothing; write {write}"))

    def key(self, path: KeyPath, known: Iterable[Scalar], rule: str = "is an unknown key") -> None:
        """The last key of `path` is not known here."""
        if path in RESERVED or path[-1] == "prior":
            rule, write = "is reserved for a later version", "nothing here: leave it out"
        else:
            names = [str(name) for name in known]
            write = (nearest(path[-1], names) or f"one of {', '.join(names)}") + " instead"
        text = f"{dotted(path)}: {rule}; received {shown(path[-1])}; write {write}"
        self._found.append((self._document.key_mark(path), text))

    def raise_any(self) -> None:
        """End here if anything was found.

        Raises:
            SpaceError: one line a problem, in the order of the file.
        """
        if self._found:
            ordered = sorted(
                self._found, key=lambda item: (item[0].source.name, item[0].line, item[0].column)
            )
            raise SpaceError("\n".join(f"{mark}: {text}" for mark, text in ordered))
