"""The sections of the file beside `space`: data, training, search and winner.

Every section is frozen and refuses keys it does not know. Paths are absolute after `space.load`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from tunebench.space.manifest_section import AudioFolder, GroupSource, LabelSource, ManifestColumns, Where
from tunebench.space.section import FilePath, Positive, Seconds, Section, Seed, fault
from tunebench.space.split_section import SplitLists, SplitSection

__all__ = [
    "OBJECTIVES",
    "ConstraintsSection",
    "DataSection",
    "EarlyStopping",
    "GroupSource",
    "LabelSource",
    "ManifestColumns",
    "ReduceLrOnPlateau",
    "SearchSection",
    "SegmentSection",
    "SplitLists",
    "SplitSection",
    "TargetSection",
    "TrainingSection",
    "TrimSection",
    "WinnerSection",
]

_METRICS = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "loss")
OBJECTIVES = tuple(f"val_{kind}{metric}" for kind in ("", "track_") for metric in _METRICS)
"""What a search may rank its trials by: a validation metric, per segment or per track."""


def _known_objective(value: str) -> str:
    if value not in OBJECTIVES:
        raise fault(f"must be one of {', '.join(OBJECTIVES)}", "val_accuracy")
    return value


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


class DataSection(Section):
    """The corpus: where it is, how it is decoded, cut and split."""

    root: FilePath = Field(examples=["data/esc10"])
    """Folder of audio, one folder per class; or of the files that `manifest` names."""
    manifest: str | None = Field(default=None, examples=["tracks.csv"])
    """CSV file with the columns path, label and optionally group, fold, split; relative to the root."""
    columns: ManifestColumns | None = Field(default=None, examples=["{path: filename, label: category}"])
    where: Where = Field(default=None, examples=["{subset: small}"])
    """What must stand in a row's columns, all of them, for the row to count."""
    audio: AudioFolder | None = Field(default=None, examples=["audio"])
    """Folder below the root that holds the audio: what the manifest's paths are relative to."""
    table: str | None = Field(default=None, examples=["features_3_sec.csv"])
    """CSV or Parquet file of features that the corpus came as: filename, features, label; below the root."""
    group: GroupSource | None = Field(default=None, examples=["{pattern: '^(?P<group>[^-]+)-'}"])
    """Where groups are read from when no manifest column says them."""
    label: LabelSource | None = Field(default=None, examples=["{pattern: '(?P<label>[^/_]+)_[^/]*$'}"])
    """Where classes are read from when neither folders nor a manifest column says them."""
    licence: str | None = Field(default=None, examples=["CC BY 3.0"])
    """Licence of the recordings, for the model card."""
    sample_rate: Annotated[int, Field(ge=1000, le=384_000)] = Field(default=16_000, examples=[16_000])
    """Sample rate that all audio is brought to (Hz)."""
    segment: SegmentSection = Field(default=SegmentSection(), examples=["{seconds: 5.0}"])
    trim: TrimSection | None = Field(default=None, examples=["{seconds: 30.0}"])
    folds: Annotated[int, Field(ge=2, le=100)] | None = Field(default=None, examples=[5])
    """Deal the groups to so many folds, each with its share of every class, where no manifest names any."""
    split: SplitSection = Field(examples=["{by: group, validation: 0.2, test: 0.2}"])
    decoder: Literal["soundfile", "tfio"] = Field(default="soundfile", examples=["soundfile"])
    """`soundfile` (with FFmpeg for what it cannot read), or tensorflow-io's decoder."""

    @model_validator(mode="after")
    def _audio_or_table(self) -> Self:
        if self.table is not None:
            for key in ("manifest", "trim", "audio", "label"):
                if getattr(self, key) is not None:
                    raise fault("has no use with data.table, which has no audio", "data without it", key)
        if self.manifest is None:
            for key in ("columns", "where"):
                if getattr(self, key) is not None:
                    raise fault("has no use without data.manifest", "manifest: tracks.csv beside it", key)
        return self


class EarlyStopping(Section):
    """End a trial whose validation loss no longer improves."""

    patience: Positive = Field(examples=[6])
    """Epochs without an improvement."""
    min_delta: Annotated[float, Field(ge=0)] = Field(default=0.0, examples=[0.0])
    """Smallest change that counts as an improvement."""


class ReduceLrOnPlateau(Section):
    """Lower the learning rate where the validation loss no longer improves."""

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


MLFLOW = "mlflow:"
"""What an earlier search is written with that is read from MLflow."""


def _names(value: Any) -> Any:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):  # pyright: ignore[reportUnknownVariableType]
        raise fault("must be the name of an earlier search, or a list of names", "[my-first-search]")
    given: list[str] = list(names)  # pyright: ignore[reportUnknownArgumentType]
    if len(set(given)) < len(given):
        raise fault("names one search twice", "each name once")
    if MLFLOW in given:
        raise fault("names no experiment of MLflow", f"{MLFLOW}my-first-search")
    return tuple(given)


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class SearchSection(Section):
    """How the space is searched, and with what budget."""

    algorithm: Literal["hyperband", "asha", "random", "bayesian", "grid"] = Field(
        default="hyperband", examples=["hyperband"]
    )
    max_epochs: Positive = Field(default=27, examples=[27])
    """Epochs of a configuration that reaches the last rung."""
    min_epochs: Positive = Field(default=1, examples=[1])
    """Epochs of the shortest rung, so that none is too short to mean anything."""
    factor: Annotated[int, Field(ge=2)] = Field(default=3, examples=[3])
    """Hyperband and asha promote one of so many."""
    iterations: Positive = Field(default=1, examples=[1])
    """How often all brackets are run; asha spends as many epochs as that."""
    sampler: Literal["random", "tpe"] = Field(default="random", examples=["tpe"])
    """What proposes the configurations of hyperband, asha and random: chance, or TPE on earlier results."""
    max_hours: Annotated[float, Field(gt=0)] | None = Field(default=None, examples=[8.0])
    """No trial is begun after so many hours of searching."""
    target: float | None = Field(default=None, examples=[0.9])
    """No trial is begun once the objective is as good as this."""
    max_trials: Positive | None = Field(default=None, examples=[20])
    """Trials of random, bayesian and grid search; configurations of asha."""
    objective: Annotated[str, AfterValidator(_known_objective)] = Field(
        default="val_accuracy", examples=["val_accuracy"], json_schema_extra={"enum": list(OBJECTIVES)}
    )
    """Validation metric that trials are ranked by: one of `OBJECTIVES`."""
    seed: Seed = Field(default=0, examples=[7])
    """Root seed of the whole search."""
    warm_start: Names = Field(default=(), examples=["[my-first-search]"])
    """Earlier searches whose results are used: by name, by path, or from MLflow as `mlflow:NAME`."""

    @model_validator(mode="after")
    def _epochs_in_order(self) -> Self:
        if self.min_epochs > self.max_epochs:
            raise fault(f"must be at most max_epochs, {self.max_epochs}", str(self.max_epochs), "min_epochs")
        if self.sampler == "tpe" and self.algorithm in ("bayesian", "grid"):
            raise fault(
                f"cannot be tpe with algorithm: {self.algorithm}, which proposes by itself",
                "random",
                "sampler",
            )
        if self.warm_start and self.algorithm in ("bayesian", "grid"):
            raise fault(
                f"has no use with algorithm: {self.algorithm}, which proposes by itself",
                "algorithm: hyperband, asha or random, or leave warm_start out",
                "warm_start",
            )
        return self


class ConstraintsSection(Section):
    """What a model may cost. A candidate beyond it is drawn again before anything of it is trained."""

    max_parameters: Positive | None = Field(default=None, examples=[1_000_000])
    """Parameters of net and head, frozen ones included."""
    max_size_mb: Annotated[float, Field(gt=0)] | None = Field(default=None, examples=[10.0])
    """Size of its weights in float32 (megabytes of 10^6 bytes)."""
    max_latency_ms: Annotated[float, Field(gt=0)] | None = Field(default=None, examples=[20.0])
    """Waveform of one segment to probabilities, measured before it is trained, on the searching machine."""


class TargetSection(Section):
    """Where the winner will run. Candidates are exported in this form and measured before they are trained.

    The winner is exported so too, to `experiments/<name>/target`.
    """

    format: Literal["onnx", "litert", "litert-float16", "litert-int8", "savedmodel"] = Field(
        examples=["litert-int8"]
    )
    """The exported form, as `tunebench export --format` calls it."""
    max_latency_ms: Annotated[float, Field(gt=0)] | None = Field(default=None, examples=[30.0])
    """Waveform of one segment to probabilities, in the form's own runtime, on one core of this machine."""
    max_size_mb: Annotated[float, Field(gt=0)] | None = Field(default=None, examples=[5.0])
    """Size of the exported file, front-end and all (megabytes of 10^6 bytes)."""


class WinnerSection(Section):
    """How the winner is chosen among the best configurations."""

    finalists: Positive = Field(default=3, examples=[3])
    """Configurations that are trained again."""
    repeats: Positive = Field(default=3, examples=[3])
    """How often each finalist is trained, with different seeds."""
