"""YAML 1.2 with positions."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tunebench.errors import SpaceError
from tunebench.space.document import Document, Source
from tunebench.space.text import parse, read_scalar

SOURCE = Source("f.yaml", Path("/here"))


def read(text: str) -> object:
    return Document(parse(text, SOURCE)).values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4), ("1E5", 1e5), (".5", 0.5), ("5.", 5.0), ("-3", -3), ("+3", 3), ("012", 12),
        ("0o17", 15), ("0xff", 255), ("1_000", "1_000"), ("no", "no"), ("yes", "yes"), ("on", "on"),
        ("true", True), ("FALSE", False),
        ("null", None), ("~", None), ("", None), ("NULL", None), ("1:30", "1:30"),
        ("2026-11-01", "2026-11-01"),
        (".inf", math.inf), ("-.INF", -math.inf), ("1.2.3", "1.2.3"), ("e5", "e5"), ("0b1", "0b1"),
    ],
)  # fmt: skip
def test_core_schema(text: str, value: object) -> None:
    found = read_scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number() -> None:
    found = read_scalar(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)


def test_quoted_is_text_and_anchors_are_followed() -> None:
    assert read("a: &x {b: '1', c: \"no\"}\nd: *x\n") == {
        "a": {"b": "1", "c": "no"},
        "d": {"b": "1", "c": "no"},
    }


def test_integers_beyond_64_bits_are_floats() -> None:
    assert read("a: 99999999999999999999") == {"a": 1e20}


def test_positions() -> None:
    document = Document(parse("a: 1\nb:\n  c: [x,\n      y]\n", SOURCE))
    assert str(document.mark(("a",))) == "f.yaml:1:4"
    assert str(document.key_mark(("b", "c"))) == "f.yaml:3:3"
    assert str(document.mark(("b", "c", 1))) == "f.yaml:4:7"
    assert str(document.mark(("b", "c", 1, "beyond"))) == "f.yaml:4:7"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\n\tb: 2\n",
            "f.yaml:2:1: is not valid YAML: while scanning for the next token, found character '\\t'",
        ),
        ("a: [1, 2", "f.yaml:1:9: is not valid YAML: while parsing a flow sequence"),
        ("a: 1\n b: 2\n", "f.yaml:2:3: is not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: a: the key stands twice, first in line 1; keep one"),
        ("a: {b: 1, b: 2}", "f.yaml:1:11: b: the key stands twice"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a file holds one document"),
        ("a: *x\n", "f.yaml:1:4: the alias *x has no anchor &x before it"),
        ("a: &a [*a]\n", "f.yaml:1:8: the alias *a has no anchor"),
        (
            "a: !!python/name:os.system x\n",
            "f.yaml:1:4: tags have no use here; received !!python/name:os.system",
        ),
        ("[1]: 2\n", "f.yaml:1:1: a key must be a single word"),
        ("a: b\x00", "f.yaml:1:5: is not valid YAML: a character that may not stand in YAML"),
        ("a: " + "[" * 200, "f.yaml:1:44: may hold 20,000 values, 40 levels deep"),
    ],
)
def test_faults_name_their_place(text: str, message: str) -> None:
    with pytest.raises(SpaceError) as error:
        read(text)
    assert str(error.value).startswith(message)


def test_a_billion_laughs_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(SpaceError, match="may hold 20,000 values"):
        read("\n".join(lines))
