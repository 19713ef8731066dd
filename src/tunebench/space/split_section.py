"""The section `data.split`: which side of the split a track, a fold or a segment stands on."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tunebench.space.section import FilePath, Section, Seed, fault

PROTOCOLS = ("gtzan_fault_filtered", "gtzan_stratified")
"""Split lists that are shipped with the package, by name."""


def _share_or_folds(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return _different_folds(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1:
        return float(value)
    raise fault("must be a share of at least 0 and below 1, or a list of fold numbers", "0.2 or [4]")


def _different_folds(value: Any) -> tuple[int, ...]:
    if all(type(item) is int and item >= 0 for item in value) and len(set(value)) == len(value):
        return tuple(value)
    raise fault("must be a list of different fold numbers", "[4]")


ShareOrFolds = Annotated[float | tuple[int, ...], BeforeValidator(_share_or_folds)]


class SplitLists(Section):
    """Text files with one track a line, matched by file stem."""

    train: FilePath = Field(examples=["train.txt"])
    validation: FilePath = Field(examples=["validation.txt"])
    test: FilePath | None = Field(default=None, examples=["test.txt"])


def _lists_or_protocol(value: Any) -> Any:
    if isinstance(value, str) and value not in PROTOCOLS:
        raise fault(
            f"must name three list files, or be one of {', '.join(PROTOCOLS)}",
            "{train: train.txt, validation: validation.txt, test: test.txt}",
        )
    if value is None or isinstance(value, str | SplitLists):
        return value
    return SplitLists.model_validate(value)


class SplitSection(Section):
    """Which segments train, which validate, and which are kept for the one test."""

    by: Literal["group", "track", "segment", "fold", "column"] = Field(examples=["group"])
    """What stays together on one side. `segment` leaks, and marks every figure so."""
    validation: ShareOrFolds = Field(default=0.2, examples=[0.2])
    """Share of the tracks, or the folds with `by: fold`."""
    test: ShareOrFolds = Field(default=0.2, examples=[0.2])
    """Share of the tracks, or the folds with `by: fold`; 0 or `[]` reports no test figure."""
    lists: Annotated[SplitLists | str | None, BeforeValidator(_lists_or_protocol)] = Field(
        default=None, examples=["{train: train.txt, validation: validation.txt, test: test.txt}"]
    )
    """With `by: column`: list files, or the name of a protocol that the package ships."""
    seed: Seed = Field(default=0, examples=[7])
    """Seed of the split."""

    @model_validator(mode="after")
    def _sides_fit(self) -> Self:
        if self.by != "column" and self.lists is not None:
            raise fault("are read only with by: column", "by: column", "lists")
        if self.by == "column":
            for key in [key for key in ("validation", "test") if key in self.model_fields_set]:
                raise fault("is given by the lists with by: column", "by: column without it", key)
        elif self.by == "fold":
            self._check_folds()
        else:
            self._check_shares()
        return self

    def _check_folds(self) -> None:
        validation, test = _folds("validation", self.validation), _folds("test", self.test)
        if not validation:
            raise fault("must name at least one fold", "[4]", "validation")
        if validation & test:
            raise fault("must not share a fold with validation", "other folds", "test")

    def _check_shares(self) -> None:
        validation = _share("validation", self.validation, self.by)
        test = _share("test", self.test, self.by)
        if not validation:
            raise fault("must be above 0: trials are ranked by it", "0.2", "validation")
        if validation + test >= 1:
            raise fault("leaves nothing to train on: validation + test must be below 1", "0.2", "test")


def _folds(key: str, side: float | tuple[int, ...]) -> set[int]:
    if not isinstance(side, tuple):
        raise fault(
            "must be a list of fold numbers with by: fold", "[4]" if key == "validation" else "[5]", key
        )
    return set(side)


def _share(key: str, side: float | tuple[int, ...], by: str) -> float:
    if isinstance(side, tuple):
        raise fault(f"must be a share with by: {by}", "0.2, or by: fold", key)
    return side
