"""What to write instead."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from typing import Any

from tunebench.catalog.spec import Spec

_SHOWN = 60


def shown(value: Any) -> str:
    """A value as an error shows it: on one line, and cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def on_one_line(text: str) -> str:
    """`text` with what a terminal would not print, line breaks among them, escaped."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def nearest(key: object, known: Iterable[object]) -> str | None:
    """The known name most like `key`, if any is like it."""
    found = difflib.get_close_matches(str(key), [str(name) for name in known], 1, 0.6)
    return found[0] if found else None


def suggestion(spec: Spec, value: object) -> str:
    """A value that may stand where `value` may not: the bound it is beyond, the nearest word, the default."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if spec.type == "int" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if spec.fault(value) is None:
            return str(value)
        if spec.minimum is not None and value < spec.minimum:
            return f"{spec.minimum:g}"
        if spec.maximum is not None and value > spec.maximum:
            return f"{spec.maximum:g}"
    close = nearest(value, spec.options)
    if close:
        return close
    return shown(spec.default) if spec.fault(spec.default) is None else str(spec.options[0])
