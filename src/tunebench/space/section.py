"""What all sections of the file share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Positive = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0)]
FilePath = Annotated[Path, Field(strict=False)]


def fault(rule: str, write: str, key: str = "") -> PydanticCustomError:
    """An error about the value at hand, or about its `key`, with what to write instead."""
    return PydanticCustomError("section", "{rule}", {"rule": rule, "write": write, "key": key})


class Section(BaseModel):
    """Base of all sections: frozen, strict about types and keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_by_name=True,
        use_attribute_docstrings=True,
    )
