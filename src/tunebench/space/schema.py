"""JSON Schema (draft 2020-12) of the file, so that editors complete and check it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebench.catalog.augmentations import GROUP
from tunebench.catalog.spec import Scalar, Spec
from tunebench.space.document import is_list, is_mapping
from tunebench.space.experiment import Experiment
from tunebench.space.vocabulary import AUGMENTATION, EXAMPLES, TOP, children

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The schema of a whole file."""
    schema = _without_titles(Experiment.model_json_schema(by_alias=True))
    space = _level(TOP, "")
    space["required"] = list(EXAMPLES)
    augmentation = {"description": "What is done to training examples.", **_level(AUGMENTATION, f"{GROUP}.")}
    space["properties"][GROUP] = _nullable(augmentation)
    schema["properties"]["space"] = {"$ref": "#/$defs/Space"}
    schema["$defs"]["Space"] = {"description": "What may be chosen.", **space}
    for name in ("training", "search", "winner"):
        section = schema["properties"][name]
        schema["properties"][name] = {"anyOf": [section, {"type": "null"}]}
    return {"$schema": DIALECT, **schema}


def _without_titles(schema: Any) -> Any:
    """Without pydantic's titles, and without our examples, which are texts of YAML."""
    if is_list(schema):
        return [_without_titles(item) for item in schema]
    if not is_mapping(schema):
        return schema
    return {
        key: _without_titles(value)
        for key, value in schema.items()
        if key not in ("title", "examples") or isinstance(value, dict)
    }


def _level(specs: Mapping[str, Spec], prefix: str) -> Schema:
    return {
        "type": "object",
        "properties": {name: _parameter(spec, prefix + name) for name, spec in specs.items()},
        "additionalProperties": False,
    }


def _parameter(spec: Spec, path: str) -> Schema:
    value = _value(spec)
    prior = {"prior": value}
    forms = [value, _form("choice", _choice(spec, path, value), prior)]
    if spec.type in ("int", "float"):
        number = _number(spec)
        bounds = _bounds(number)
        log_bounds = _bounds({**number, **_above_zero(spec)})
        if spec.type == "int":
            step = {"step": {"type": "integer", "minimum": 1}}
            forms += [_form("int", bounds, {**step, **prior}), _form("log_int", log_bounds, prior)]
        else:
            forms += [_form("float", bounds, prior), _form("log_float", log_bounds, prior)]
    return {"description": _description(spec), "anyOf": forms, **_default(spec)}


def _bounds(number: Schema) -> Schema:
    return {"type": "array", "items": number, "minItems": 2, "maxItems": 2}


def _form(name: str, schema: Schema, more: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {name: schema, **more},
        "required": [name],
        "additionalProperties": False,
    }


def _choice(spec: Spec, path: str, value: Schema) -> Schema:
    listed = {"type": "array", "items": value, "minItems": 1, "uniqueItems": True}
    mapped: Schema = {"type": "object", "minProperties": 1}
    if spec.type == "str":
        mapped["properties"] = {str(option): _option(path, option) for option in spec.options}
        mapped["additionalProperties"] = False
    else:
        mapped["additionalProperties"] = _nullable(_level({}, ""))
    return {"anyOf": [listed, mapped]}


def _option(path: str, option: Scalar) -> Schema:
    return _nullable(_level(children(path, option), f"{path}.{option}."))


def _nullable(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _value(spec: Spec) -> Schema:
    forms: list[Schema] = []
    if spec.options:
        forms.append({"enum": list(spec.options)})
    if spec.type in ("int", "float"):
        forms.append(_number(spec))
    elif spec.type == "bool":
        forms.append({"type": "boolean"})
    elif spec.type == "path" or not spec.options:
        forms.append({"type": "string"})
    if spec.default is None:
        forms.append({"type": "null"})
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _number(spec: Spec) -> Schema:
    limits = {"minimum": spec.minimum, "maximum": spec.maximum}
    kind = "integer" if spec.type == "int" else "number"
    return {"type": kind, **{key: limit for key, limit in limits.items() if limit is not None}}


def _above_zero(spec: Spec) -> Schema:
    return {"exclusiveMinimum": 0} if spec.minimum is None or spec.minimum <= 0 else {}


def _default(spec: Spec) -> Schema:
    return {} if spec.name in EXAMPLES else {"default": spec.default}


def _description(spec: Spec) -> str:
    return spec.doc + (f" ({spec.unit})" if spec.unit else "")
