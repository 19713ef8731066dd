"""YAML 1.2, core schema, with positions: `1e-4` is a number, `no` a text, a key stands once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from tunebench.catalog.spec import Scalar
from tunebench.errors import SpaceError
from tunebench.space.document import Mark, Node, Source
from tunebench.space.suggest import on_one_line

MAX_DEPTH = 40
MAX_NODES = 20_000
"""Values in a file, aliases written out: what is above is an attack or a mistake."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INF = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_NAN = frozenset({".nan", ".NaN", ".NAN"})
_LARGEST_INT = 2**63 - 1


def read_scalar(text: str) -> Scalar:
    """A plain scalar's value by the core schema (YAML 1.2.2, section 10.3.2)."""
    for words, value in ((_NULL, None), (_TRUE, True), (_FALSE, False)):
        if text in words:
            return value
    if _INT.fullmatch(text):
        return int(text, 0 if text[:2] in ("0o", "0x") else 10) if len(text) < 30 else float(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    infinity = _INF.fullmatch(text)
    if infinity:
        return float(f"{infinity[1]}inf")
    return float("nan") if text in _NAN else text


def parse(text: str, source: Source) -> Node:
    """Parse one document.

    Raises:
        SpaceError: the text is no YAML, or repeats a key, or holds what this file has no use for.
    """
    reader: Any = YAML(typ="safe", pure=True)
    try:
        return _Composer(source, reader.parse(text)).document()
    except MarkedYAMLError as error:
        raise _no_yaml(source, error) from None
    except ReaderError as error:
        before = text[: _position(error)]
        mark = Mark(source, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise SpaceError(f"{mark}: is not valid YAML: a character that may not stand in YAML") from None
    except YAMLError as error:
        raise SpaceError(f"{Mark(source)}: is not valid YAML: {error}") from None


def _no_yaml(source: Source, error: Any) -> SpaceError:
    place = error.problem_mark or error.context_mark
    mark = Mark(source, place.line + 1, place.column + 1) if place else Mark(source)
    problem = ", ".join(part for part in (error.context, error.problem) if part)
    hint = "; indent with spaces" if "\\t" in problem else ""
    return SpaceError(f"{mark}: is not valid YAML: {problem}{hint}")


def _position(error: Any) -> int:
    return error.position


class _Composer:
    """Builds nodes from ruamel's events."""

    def __init__(self, source: Source, stream: Iterator[Any]) -> None:
        self._source, self._stream = source, stream
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def document(self) -> Node:
        next(self._stream)
        event = next(self._stream)
        if isinstance(event, events.StreamEndEvent):
            return Node(Mark(self._source), None)
        node = self._node(next(self._stream), 0)
        next(self._stream)
        event = next(self._stream)
        if not isinstance(event, events.StreamEndEvent):
            raise self._error(event, "a file holds one document; received a second one; leave out `---`")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        self._nodes += 1
        anchor: Any = event.anchor
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise self._error(event, f"may hold {MAX_NODES:,} values, {MAX_DEPTH} levels deep; received more")
        if isinstance(event, events.AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            raise self._error(event, f"tags have no use here; received {tag}; write the value alone")
        if isinstance(event, events.MappingStartEvent):
            node = self._mapping(event, depth)
        elif isinstance(event, events.SequenceStartEvent):
            node = Node(self._mark(event), [self._node(item, depth + 1) for item in self._items()])
        else:
            node = Node(self._mark(event), self._scalar(event))
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise self._error(event, f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        node = self._anchors[event.anchor]
        self._nodes += _count(node)
        return node

    def _mapping(self, start: Any, depth: int) -> Node:
        content: dict[Scalar, Node] = {}
        marks: dict[Scalar, Mark] = {}
        for event in self._items():
            if not isinstance(event, events.ScalarEvent):
                raise self._error(event, "a key must be a single word; received a list, mapping or alias")
            key = self._scalar(event)
            if key in content:
                raise self._error(
                    event, f"{key}: the key stands twice, first in line {marks[key].line}; keep one"
                )
            marks[key] = self._mark(event)
            content[key] = self._node(next(self._stream), depth + 1)
        return Node(self._mark(start), content, marks)

    def _items(self) -> Iterator[Any]:
        for event in self._stream:
            if isinstance(event, events.CollectionEndEvent):
                return
            yield event

    def _scalar(self, event: Any) -> Scalar:
        value = read_scalar(event.value) if event.style is None else event.value
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            raise self._error(event, "half a character, a surrogate alone, is no text; write the whole one")
        if isinstance(value, int) and abs(value) > _LARGEST_INT:
            return float(value)
        return value

    def _mark(self, event: Any) -> Mark:
        return Mark(self._source, event.start_mark.line + 1, event.start_mark.column + 1)

    def _error(self, event: Any, message: str) -> SpaceError:
        return SpaceError(f"{self._mark(event)}: {on_one_line(message)}")


def _count(node: Node) -> int:
    if isinstance(node.content, dict):
        return 1 + sum(map(_count, node.content.values()))
    return 1 + sum(map(_count, node.content)) if isinstance(node.content, list) else 1
