"""A parsed file: plain values, and where each of them stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from tunebench.catalog.spec import Scalar

KeyPath = tuple[Scalar, ...]
"""The keys and indices from the top of the file to a value."""


def is_mapping(value: Any) -> TypeGuard[dict[Scalar, Any]]:
    """Whether a plain value is a mapping."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether a plain value is a list."""
    return isinstance(value, list)


@dataclass(frozen=True, slots=True)
class Source:
    """A text that values come from. `folder` is what relative paths in it are relative to."""

    name: str
    folder: Path
    has_lines: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a source; line and column count from 1."""

    source: Source
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """`file:line:column`, or the source alone where it has one line."""
        return f"{self.source.name}:{self.line}:{self.column}" if self.source.has_lines else self.source.name


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a mapping or a list, with the marks of its keys."""

    mark: Mark
    content: Scalar | dict[Scalar, Node] | list[Node]
    key_marks: Mapping[Scalar, Mark] = field(default_factory=dict[Scalar, Mark])


class Document:
    """Values by path, with the mark of each value and of each key."""

    def __init__(self, root: Node) -> None:
        self.values: Any = None
        self._marks: dict[KeyPath, Mark] = {}
        self._key_marks: dict[KeyPath, Mark] = {}
        self.put((), root, root.mark)

    def get(self, path: KeyPath) -> Any:
        """The value at `path`, or None where there is none."""
        value = self.values
        for key in path:
            if is_mapping(value):
                value = value.get(key)
            elif is_list(value) and isinstance(key, int) and key < len(value):
                value = value[key]
            else:
                return None
        return value

    def has(self, path: KeyPath) -> bool:
        """Whether something stands at `path`, be it null."""
        return path in self._marks

    def mark(self, path: KeyPath) -> Mark:
        """Where the value at `path` stands, or the nearest thing around it."""
        while path not in self._marks:
            path = path[:-1]
        return self._marks[path]

    def key_mark(self, path: KeyPath) -> Mark:
        """Where the last key of `path` stands, or the nearest key around it."""
        while path and path not in self._key_marks:
            path = path[:-1]
        return self._key_marks[path] if path else self._marks[()]

    def put(self, path: KeyPath, node: Node, key_mark: Mark) -> None:
        """Write `node` at `path`, whose parent must be a mapping."""
        for known in (self._marks, self._key_marks):
            for old in [old for old in known if old[: len(path)] == path]:
                del known[old]
        value = self._take(path, node)
        if path:
            self._key_marks[path] = key_mark
            self.get(path[:-1])[path[-1]] = value
        else:
            self.values = value

    def replace(self, path: KeyPath, value: Scalar) -> None:
        """Write another scalar in the same place."""
        self.get(path[:-1])[path[-1]] = value

    def _take(self, path: KeyPath, node: Node) -> Any:
        self._marks[path] = node.mark
        for key, mark in node.key_marks.items():
            self._key_marks[(*path, key)] = mark
        if isinstance(node.content, dict):
            return {key: self._take((*path, key), child) for key, child in node.content.items()}
        if isinstance(node.content, list):
            return [self._take((*path, index), child) for index, child in enumerate(node.content)]
        return node.content


def dotted(path: KeyPath) -> str:
    """A path as people write it: `space.dropout.float[0]`."""
    return "".join(_steps(path)).removeprefix(".")


def _steps(path: KeyPath) -> Iterator[str]:
    for key in path:
        yield f"[{key}]" if type(key) is int else f".{key}"
