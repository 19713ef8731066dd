"""Pydantic's findings in the words of this file's errors."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from tunebench.space.document import KeyPath
from tunebench.space.problems import Problems
from tunebench.space.suggest import nearest

_RULES = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be a text",
    "path_type": "must be a path",
    "model_type": "must be a mapping of keys to values",
    "finite_number": "must be finite",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
}
_FOLLOWS_FROM_ANOTHER = "default_factory_not_called"


def report(error: ValidationError, model: type[BaseModel], problems: Problems) -> None:
    """Add each of pydantic's findings about `model`, the whole file, to `problems`."""
    for finding in error.errors(include_url=False):
        path: KeyPath = finding["loc"]
        kind, context = finding["type"], finding.get("ctx", {})
        owner, field = _find(model, path)
        if kind == "missing":
            problems.missing(path, f"{path[-1]}: {_example(field)}")
        elif kind in ("extra_forbidden", "invalid_key"):
            problems.key(path, _keys(owner) if owner else ())
        elif kind == "section":
            target = (*path, *filter(None, context["key"].split(".")))
            problems.value(target, context["rule"], context["write"])
        elif kind != _FOLLOWS_FROM_ANOTHER:
            rule = _RULES.get(kind, finding["msg"]).format(**{k: _plain(v) for k, v in context.items()})
            problems.value(path, rule, _write(finding, field))


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).replace("'", "").replace(" or ", ", ")


def _write(finding: Any, field: FieldInfo | None) -> str:
    if finding["type"] == "literal_error":
        close = nearest(finding["input"], _plain(finding["ctx"]["expected"]).split(", "))
        if close:
            return close
    return _example(field)


def _example(field: FieldInfo | None) -> str:
    return str(field.examples[0]) if field and field.examples else "another value"


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _find(model: type[BaseModel], path: KeyPath) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model that owns the last key of `path`, and the key's field if it is known."""
    owner: type[BaseModel] | None = model
    field: FieldInfo | None = None
    for index, key in enumerate(path):
        if owner is None:
            return None, None
        field = next((f for name, f in owner.model_fields.items() if (f.alias or name) == key), None)
        if index < len(path) - 1:
            owner = _section_of(field.annotation) if field else None
    return owner, field


def _section_of(annotation: Any) -> type[BaseModel] | None:
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None
