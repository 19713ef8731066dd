"""The sections of the file beside `space`: data, training, search and winner.

Every section is frozen and refuses keys it does not know. Paths are absolute after `space.load`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Positive = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0)]
FilePath = Annotated[Path, Field(strict=False)]

PROTOCOLS = ("gtzan_fault_filtered", "gtzan_stratified")
"""Split lists that are shipped with the package, by name."""

_METRICS = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "loss")
OBJECTIVES = tuple(f"val_{kind}{metric}" for kind in ("", "track_") for metric in _METRICS)
"""What a search may rank its trials by: a validation metric, per segment or per track."""


def fault(rule: str, write: str, key: str = "") -> PydanticCustomError:
    """An error about the value at hand, or about its `key`, with what to write instead."""
    return PydanticCustomError("section", "{rule}", {"rule": rule, "write": write, "key": key})


def _share_or_folds(value: Any) -> Any:
    if isinstance(value, list | tuple):
        items: tuple[Any, ...] = tuple(value)  # pyright: ignore[reportUnknownArgumentType]
        if all(type(item) is int and item >= 0 for item in items) and len(set(items)) == len(items):
            return items
        raise fault("must be a list of different fold numbers", "[4]")
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1:
        return float(value)
    raise fault("must be a share of at least 0 and below 1, or a list of fold numbers", "0.2 or [4]")


def _known_objective(value: str) -> str:
    if value not in OBJECTIVES:
        raise fault(f"must be one of {', '.join(OBJECTIVES)}", "val_accuracy")
    return value


ShareOrFolds = Annotated[float | tuple[int, ...], BeforeValidator(_share_or_folds)]


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
            try:
                compiled = re.compile(self.pattern)
            except re.error as error:
                raise fault(
                    f"is no regular expression ({error})", "'^(?P<group>[^-]+)-'", "pattern"
                ) from None
            if "group" not in compiled.groupindex:
                raise fault("has no part named group", "'^(?P<group>[^-]+)-'", "pattern")
        return self


class SegmentSection(Section):
    """How tracks are cut into the examples that are classified."""

    seconds: Seconds = Field(default=5.0, examples=[5.0])
    """Length of a segment (s)."""
    hop: Seconds = Field(default_factory=lambda data: data["seconds"], examples=[5.0])
    """Step from one segment to the next (s); the segment's length where not given."""


class TrimSection(Section):
    """The stretch of each track that is kept."""

    seconds: Seconds = Field(examples=[30.0])
    """Length of the stretch (s)."""
    offset: Annotated[float, Field(ge=0)] = Field(default=0.0, examples=[0.0])
    """Where the stretch begins (s), with `from: offset`."""
    from_: Literal["offset", "middle"] = Field(default="offset", alias="from", examples=["middle"])
    """Take the stretch from `offset`, or from the middle of the track."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.from_ == "middle" and self.offset:
            raise fault("has no meaning with from: middle", "from: offset, or leave offset out", "offset")
        return self


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
        for key, side, example in (("validation", self.validation, "[4]"), ("test", self.test, "[5]")):
            if isinstance(side, float):
                raise fault("must be a list of fold numbers with by: fold", example, key)
        if not self.validation:
            raise fault("must name at least one fold", "[4]", "validation")
        shared = set(self.validation) & set(self.test)  # pyright: ignore[reportArgumentType]
        if shared:
            raise fault("must not share a fold with validation", "other folds", "test")

    def _check_shares(self) -> None:
        for key, side in (("validation", self.validation), ("test", self.test)):
            if not isinstance(side, float):
                raise fault(f"must be a share with by: {self.by}", "0.2, or by: fold", key)
        if not self.validation:
            raise fault("must be above 0: trials are ranked by it", "0.2", "validation")
        if self.validation + self.test >= 1:  # pyright: ignore[reportOperatorIssue]
            raise fault("leaves nothing to train on: validation + test must be below 1", "0.2", "test")


class DataSection(Section):
    """The corpus: where it is, how it is decoded, cut and split."""

    root: FilePath = Field(examples=["data/esc10"])
    """Folder of audio, one folder per class; or of the files that `manifest` names."""
    manifest: str | None = Field(default=None, examples=["tracks.csv"])
    """CSV file with the columns path, label and optionally group, fold, split; relative to the root."""
    group: GroupSource | None = Field(default=None, examples=["{pattern: '^(?P<group>[^-]+)-'}"])
    """Where groups are read from when no manifest column says them."""
    sample_rate: Annotated[int, Field(ge=1000, le=384_000)] = Field(default=16_000, examples=[16_000])
    """Sample rate that all audio is brought to (Hz)."""
    segment: SegmentSection = Field(default=SegmentSection(), examples=["{seconds: 5.0}"])
    trim: TrimSection | None = Field(default=None, examples=["{seconds: 30.0}"])
    split: SplitSection = Field(examples=["{by: group, validation: 0.2, test: 0.2}"])
    decoder: Literal["soundfile", "tfio"] = Field(default="soundfile", examples=["soundfile"])
    """`soundfile` (with FFmpeg for what it cannot read), or tensorflow-io's decoder."""


class EarlyStopping(Section):
    """End a trial whose objective no longer improves."""

    patience: Positive = Field(examples=[6])
    """Epochs without an improvement."""
    min_delta: Annotated[float, Field(ge=0)] = Field(default=0.0, examples=[0.0])
    """Smallest change that counts as an improvement."""


class ReduceLrOnPlateau(Section):
    """Lower the learning rate where the objective no longer improves."""

    patience: Positive = Field(examples=[3])
    """Epochs without an improvement."""
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(default=0.5, examples=[0.5])
    """What the learning rate is multiplied by."""
    minimum: Annotated[float, Field(ge=0)] = Field(default=1e-6, examples=[1e-6])
    """Learning rate below which it is left alone."""


class TrainingSection(Section):
    """How one trial is trained."""

    batch_size: Positive = Field(default=32, examples=[32])
    early_stopping: EarlyStopping | None = Field(default=None, examples=["{patience: 6}"])
    reduce_lr_on_plateau: ReduceLrOnPlateau | None = Field(default=None, examples=["{patience: 3}"])
    class_weights: Literal["none", "balanced"] = Field(default="none", examples=["balanced"])
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = Field(
        default="float32", examples=["float32"]
    )


class SearchSection(Section):
    """How the space is searched, and with what budget."""

    algorithm: Literal["hyperband", "random", "bayesian", "grid"] = Field(
        default="hyperband", examples=["hyperband"]
    )
    max_epochs: Positive = Field(default=27, examples=[27])
    """Epochs of a configuration that reaches the last rung."""
    min_epochs: Positive = Field(default=1, examples=[1])
    """Epochs of the shortest rung, so that none is too short to mean anything."""
    factor: Annotated[int, Field(ge=2)] = Field(default=3, examples=[3])
    """Hyperband promotes one of so many."""
    iterations: Positive = Field(default=1, examples=[1])
    """How often all brackets are run."""
    max_trials: Positive | None = Field(default=None, examples=[20])
    """Trials of random, bayesian and grid search."""
    objective: Annotated[str, AfterValidator(_known_objective)] = Field(
        default="val_accuracy", examples=["val_accuracy"], json_schema_extra={"enum": list(OBJECTIVES)}
    )
    """Validation metric that trials are ranked by: one of `OBJECTIVES`."""
    seed: Seed = Field(default=0, examples=[7])
    """Root seed of the whole search."""

    @model_validator(mode="after")
    def _epochs_in_order(self) -> Self:
        if self.min_epochs > self.max_epochs:
            raise fault(f"must be at most max_epochs, {self.max_epochs}", str(self.max_epochs), "min_epochs")
        return self


class WinnerSection(Section):
    """How the winner is chosen among the best configurations."""

    finalists: Positive = Field(default=3, examples=[3])
    """Configurations that are trained again."""
    repeats: Positive = Field(default=3, examples=[3])
    """How often each finalist is trained, with different seeds."""
