"""All that is wrong with a file, gathered so that it is said at once."""

from __future__ import annotations

from collections.abc import Iterable

from tunebench.catalog.spec import Scalar
from tunebench.errors import SpaceError
from tunebench.space.document import Document, KeyPath, Mark, dotted
from tunebench.space.suggest import nearest, on_one_line, shown

RESERVED: frozenset[KeyPath] = frozenset(
    {
        ("target",),
        ("data", "segment", "max_per_track"),
        ("training", "schedule"),
        ("search", "resource"),
    }
)
"""Keys that a later version will read."""


class Problems:
    """Collects `file:line:column: path: rule; received X; write Y instead`."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: list[tuple[Mark, str]] = []

    def value(self, path: KeyPath, rule: str, write: str) -> None:
        """The value at `path` breaks a rule."""
        received = shown(self._document.get(path)) if self._document.has(path) else "nothing"
        self._add(self._document.mark(path), path, rule, received, f"{write} instead")

    def missing(self, path: KeyPath, write: str) -> None:
        """There is nothing at `path`, where something must be."""
        self._add(self._document.key_mark(path), path, "is required", "nothing", write)

    def key(self, path: KeyPath, known: Iterable[Scalar], rule: str = "is an unknown key") -> None:
        """The last key of `path` is none of those known here."""
        names = [str(name) for name in known]
        if path in RESERVED:
            self.key_rule(path, "is reserved for a later version", "nothing here: leave it out")
        else:
            close = nearest(path[-1], names)
            self.key_rule(path, rule, f"{close or 'one of ' + ', '.join(names)} instead")

    def key_rule(self, path: KeyPath, rule: str, write: str) -> None:
        """The last key of `path` may not stand there."""
        self._add(self._document.key_mark(path), path, rule, shown(path[-1]), write)

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

    def _add(self, mark: Mark, path: KeyPath, rule: str, received: str, write: str) -> None:
        text = f"{dotted(path)}: {rule}; received {received}; write {write}"
        self._found.append((mark, on_one_line(text)))
