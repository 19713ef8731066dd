"""The whole file, read and written."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, InstanceOf, ValidationError, WithJsonSchema, model_validator
from ruamel.yaml import YAML

from tunebench.catalog.augmentations import AUGMENTATIONS, GROUP
from tunebench.errors import SpaceError
from tunebench.space.declare import read_space
from tunebench.space.document import Document, KeyPath, Mark, Node, Source, is_list, is_mapping
from tunebench.space.locate import make_paths_absolute
from tunebench.space.overrides import apply_override
from tunebench.space.priors import priors
from tunebench.space.problems import Problems
from tunebench.space.section import Section, fault
from tunebench.space.section_faults import report
from tunebench.space.sections import (
    ConstraintsSection,
    DataSection,
    SearchSection,
    TargetSection,
    TrainingSection,
    WinnerSection,
)
from tunebench.space.space import Space
from tunebench.space.text import parse

MAX_BYTES = 1_000_000
_OPTIONAL = ("training", "search", "winner")
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


_CAME_LATER: dict[str, Any] = {
    "folds": None,
    "table": None,
    "licence": None,
    "columns": None,
    "where": None,
    "audio": None,
    "label": None,
    "l2": 0.0,
    "image_width": None,
    "colours": "grey",
    "batch_normalisation": True,
    "initializer": "he_normal",
    **{name: row.spec.default for name, row in AUGMENTATIONS.items()},
}

RECORDS = "records"
"""`experiments/records/` holds write-ups of searches, and is none itself."""

SpaceField = Annotated[InstanceOf[Space], WithJsonSchema({"type": "object"})]
"""Its schema is written from the catalog, in `space.schema`."""


def _folder_name(value: str) -> str:
    if not 0 < len(value) <= 100 or not set(value) <= _NAME_CHARACTERS or value[0] in ".-":
        raise fault("names a folder: letters, digits, '.', '_' and '-', at most 100", "my-search")
    if value == RECORDS:
        raise fault(f"must not be '{RECORDS}', where committed write-ups stand", "my-search")
    return value


class Experiment(Section):
    """One file: what is searched, on which data, with what budget."""

    name: Annotated[str, AfterValidator(_folder_name)] = Field(examples=["my-search"])
    """Name of the search, of its folder and of the registered model."""
    data: DataSection = Field(examples=["{root: data/esc10, split: {by: track}}"])
    space: SpaceField = Field(examples=["{spectrogram: mel, backbone: cnn}"])
    training: TrainingSection = Field(default=TrainingSection(), examples=["{batch_size: 32}"])
    search: SearchSection = Field(default=SearchSection(), examples=["{max_epochs: 27}"])
    winner: WinnerSection = Field(default=WinnerSection(), examples=["{finalists: 3, repeats: 3}"])
    constraints: ConstraintsSection | None = Field(default=None, examples=["{max_parameters: 1000000}"])
    target: TargetSection | None = Field(default=None, examples=["{format: litert-int8, max_size_mb: 5.0}"])

    @model_validator(mode="after")
    def _budget_fits(self) -> Self:
        if self.search.algorithm in ("random", "bayesian") and self.search.max_trials is None:
            raise fault(f"is required with algorithm: {self.search.algorithm}", "20", "search.max_trials")
        return self

    @model_validator(mode="after")
    def _priors_have_a_use(self) -> Self:
        algorithm, preferred = self.search.algorithm, priors(self.space)
        if preferred and algorithm in ("bayesian", "grid"):
            raise fault(
                f"cannot be {algorithm} where a parameter has a prior ({', '.join(preferred)}): "
                "it chooses by itself where it looks first",
                "hyperband, asha or random, or leave prior out",
                "search.algorithm",
            )
        return self

    @model_validator(mode="after")
    def _begins_from_others(self) -> Self:
        if self.name in self.search.warm_start:
            raise fault(
                f"must name other searches: {self.name} is this one", "another name", "search.warm_start"
            )
        return self

    def resolved(self) -> dict[str, Any]:
        """Plain values, every default written out, that `load` reads back as the same experiment."""
        plain = self.model_dump(mode="json", by_alias=True, exclude={"space"})
        if self.data.split.by == "column":
            del plain["data"]["split"]["validation"], plain["data"]["split"]["test"]
        plain["space"] = self.space.to_plain()
        return {name: plain[name] for name in type(self).model_fields}

    def to_yaml(self) -> str:
        """`resolved()` as a file."""
        writer: Any = YAML(typ="safe", pure=True)
        writer.default_flow_style = None
        writer.sort_base_mapping_type_on_output = False
        writer.width = 10**6
        stream = io.StringIO()
        writer.dump(self.resolved(), stream)
        return stream.getvalue()

    def digest(self) -> str:
        """Hash of all that decides the search's course, where the files lie apart.

        `data.root` is left out and any other absolute path counts by its file name, so that a project
        or its audio may move; comments and the order of keys do not count. Neither does when a search is to
        end: one that ended by `max_hours` or `target` goes on where they are raised.
        """
        plain = self.resolved()
        del plain["data"]["root"], plain["search"]["max_hours"], plain["search"]["target"]
        if not self.search.warm_start:
            del plain["search"]["warm_start"]  # searches that were begun before there was such a key go on
        if self.target is None:
            del plain["target"]  # likewise
        text = json.dumps(_without_folders(_as_before(plain)), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def load(
    path: Path | str, overrides: Sequence[str] = (), data_root: Path | None = None, name: str | None = None
) -> Experiment:
    """Read a file, with `--set` overrides, another `data.root` and another name.

    Overrides and `data_root` are relative to the current folder.

    Raises:
        SpaceError: one line for each thing wrong, `file:line:column: path.to.key: rule; received X;
            write Y instead`.
    """
    path = Path(path)
    content = _read(path)
    source = Source(str(path), path.resolve().parent)
    document = Document(parse(_decode(content, source), source))
    if not is_mapping(document.values):
        keys = ", ".join(Experiment.model_fields)
        raise SpaceError(
            f"{document.mark(())}: must be a mapping with the keys {keys}; see `tunebench schema`"
        )
    for override in overrides:
        apply_override(document, override, Path.cwd())
    if data_root is not None and is_mapping(document.get(("data",))):
        _put_option(document, ("data", "root"), str(data_root), f"--data {data_root}")
    if name is not None:
        _put_option(document, ("name",), name, f"--name {name}")
    return _validate(document)


def _put_option(document: Document, path: KeyPath, value: str, option: str) -> None:
    mark = Mark(Source(option, Path.cwd(), has_lines=False))
    document.put(path, Node(mark, value), mark)


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SpaceError(f"{path}: cannot be read: {why}; write the path of a YAML file") from None
    if len(content) > MAX_BYTES:
        raise SpaceError(f"{path}: is larger than {MAX_BYTES:,} bytes, so it is no file of a space")
    return content


def _decode(content: bytes, source: Source) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        mark = Mark(source, before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))
        raise SpaceError(f"{mark}: is not UTF-8; received byte 0x{content[error.start]:02x}") from None


def _validate(document: Document) -> Experiment:
    problems = Problems(document)
    make_paths_absolute(document, problems)
    values = {
        key: value for key, value in document.values.items() if value is not None or key not in _OPTIONAL
    }
    if values.get("space") is not None:
        values["space"] = read_space(document, problems)
    else:
        values.pop("space", None)
    try:
        experiment = Experiment.model_validate(values)
    except ValidationError as error:
        report(error, Experiment, problems)
        problems.raise_any()
        raise
    problems.raise_any()
    return experiment


def _as_before(value: Any) -> Any:
    """Without keys at their defaults that came after the first searches were begun: those go on."""
    if not is_mapping(value):
        return value
    kept = {key: _as_before(item) for key, item in value.items()}
    return {
        key: item
        for key, item in kept.items()
        if not (key in _CAME_LATER and item == _CAME_LATER[str(key)]) and not (key == GROUP and not item)
    }


def _without_folders(value: Any) -> Any:
    if is_mapping(value):
        return {str(key): _without_folders(item) for key, item in value.items()}
    if is_list(value):
        return [_without_folders(item) for item in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
