"""What is said of each track, and where: keys of the section `data`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from tunebench.space.document import is_list, is_mapping
from tunebench.space.section import FilePath, Section, fault


class GroupSource(Section):
    """Where a track's group (its artist, its recording) is read from: exactly one of the two."""

    pattern: str | None = Field(default=None, examples=["^(?P<group>[^-]+)-"])
    """Regular expression with a named part `group`, searched in the path relative to the root."""
    file: FilePath | None = Field(default=None, examples=["artists.csv"])
    """CSV file with the columns path and group."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.pattern is None) == (self.file is None):
            raise fault("needs either pattern or file", "group: {pattern: '^(?P<group>[^-]+)-'}")
        if self.pattern is not None:
            _check_pattern(self.pattern, "group", "'^(?P<group>[^-]+)-'")
        return self


class LabelSource(Section):
    """Where a track's class is read from, if neither its folder nor a manifest says it."""

    pattern: str = Field(examples=["'(?P<label>[^/_]+)_[^/]*$'"])
    """Regular expression with a named part `label`, searched in the path relative to the root."""

    @model_validator(mode="after")
    def _has_a_label(self) -> Self:
        _check_pattern(self.pattern, "label", "'(?P<label>[^/_]+)_[^/]*$'")
        return self


def _check_pattern(pattern: str, part: str, write: str) -> None:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise fault(f"is no regular expression ({error})", write, "pattern") from None
    if part not in compiled.groupindex:
        raise fault(f"has no part named {part}", write, "pattern")


class ManifestColumns(Section):
    """What a manifest calls its columns, where it has other names for them."""

    path: str | None = Field(default=None, examples=["filename"])
    label: str | None = Field(default=None, examples=["category"])
    group: str | None = Field(default=None, examples=["artist"])
    fold: str | None = Field(default=None, examples=["fold"])
    split: str | None = Field(default=None, examples=["subset"])

    def named(self) -> dict[str, str]:
        """The manifest's own names, by ours, of those that are given."""
        return {ours: theirs for ours, theirs in self if theirs is not None}


def _folder_below(value: str) -> str:
    parts = value.replace("\\", "/").split("/")
    if not value or not parts[0] or ".." in parts:
        raise fault("must be a folder below data.root, relative to it", "audio")
    return value


def _where(value: Any) -> Any:
    if value is None:
        return None
    if not is_mapping(value) or not value:
        raise fault("must name columns, and what must stand in each", "{subset: small}")
    return {_column(column): _texts(column, wanted) for column, wanted in value.items()}


def _column(column: Any) -> str:
    if not isinstance(column, str):
        raise fault("must name columns by text", f'"{column}" in quotes', str(column))
    return column


def _texts(column: Any, wanted: Any) -> tuple[str, ...]:
    several = is_list(wanted) or isinstance(wanted, tuple)
    items: list[Any] = list(wanted) if several else [wanted]  # pyright: ignore[reportUnknownArgumentType]
    if not items or not all(isinstance(item, str) or type(item) is int for item in items):
        raise fault(
            "must be a text as it stands in the manifest, in quotes, or a list of such",
            '"True"' if wanted is True else '"False"' if wanted is False else "[small, large]",
            str(column),
        )
    return tuple(str(item) for item in items)


AudioFolder = Annotated[str, AfterValidator(_folder_below)]

_TEXT = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
Where = Annotated[
    dict[str, tuple[str, ...]] | None,
    BeforeValidator(_where),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {
                        "anyOf": [*_TEXT["anyOf"], {"type": "array", "items": _TEXT, "minItems": 1}]
                    },
                },
                {"type": "null"},
            ]
        }
    ),
]
