"""The JSON Schema against the files that `load` takes and refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunebench.space import load
from tunebench.space.document import Document, Source
from tunebench.space.schema import json_schema
from tunebench.space.text import parse

jsonschema = pytest.importorskip("jsonschema")
SPACES = Path(__file__).parents[2] / "search_spaces"


def faults(text: str) -> list[str]:
    values = Document(parse(text, Source("f.yaml", Path()))).values
    validator: Any = jsonschema.Draft202012Validator(json_schema())
    return [error.json_path for error in validator.iter_errors(values)]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_examples_fit(example: str, short: str) -> None:
    assert faults(example) == []
    assert faults(short) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[64, 128, 256]}", "[64, 128, 256], prior: 64}"),
        ("step: 16}", "step: 16, prior: 64}"),
        ("[1e-5, 1e-2]}", "[1e-5, 1e-2], prior: 1e-3}"),
        ("  backbone:\n", "  backbone:\n    prior: cnn\n"),
        ("objective: val_accuracy", "warm_start: first"),
        ("objective: val_accuracy", "warm_start: [first, ../second, 'mlflow:third']"),
    ],
)
def test_priors_and_earlier_searches_fit(tmp_path: Path, example: str, old: str, new: str) -> None:
    text = example.replace(old, new, 1)
    assert text != example
    assert faults(text) == []
    (tmp_path / "space.yaml").write_text(text)
    assert faults(load(tmp_path / "space.yaml").to_yaml()) == []


@pytest.mark.parametrize(
    "path", sorted(SPACES.rglob("*.yaml")), ids=lambda path: str(path.relative_to(SPACES).with_suffix(""))
)
def test_shipped_spaces_fit_and_load(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []
    experiment = load(path)
    assert faults(experiment.to_yaml()) == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("batch_size", "batchsize", "$.training"),
        ("hyperband", "hyperbnd", "$.search"),
        ("val_accuracy", "accuracy", "$.search"),
        ("      mel: ", "      mell:", "$.space.spectrogram"),
        ("{int: [13, 40]}", "{int: [13]}", "$.space.spectrogram"),
        ("[64, 128, 256]", "[64, 64]", "$.space.dense_units"),
        ("log_float: [1e-5", "log_float: [0", "$.space.learning_rate"),
        ("cnn: {}", "cnn: {filters: 0}", "$.space.backbone"),
        ("[64, 128, 256]}", "[64, 128, 256], prior: x}", "$.space.dense_units"),
        ("objective: val_accuracy", "warm_start: [1]", "$.search"),
        ("  group:", "  manifest: t.csv\n  where: {subset: true}\n  group:", "$.data.where"),
        ("  group:", "  manifest: t.csv\n  columns: {file: name}\n  group:", "$.data.columns"),
        ("  group:", "  label: {}\n  group:", "$.data.label"),
        ("  dropout:", "  drop:", "$.space"),
        ("name: esc10-quick\n", "", "$"),
    ],
)
def test_bad_files_do_not_fit(example: str, old: str, new: str, place: str) -> None:
    assert old in example
    assert faults(example.replace(old, new, 1)) == [place]


def test_every_parameter_is_described() -> None:
    space = json_schema()["$defs"]["Space"]["properties"]
    assert all(parameter["description"] for parameter in space.values())
    mapped = space["spectrogram"]["anyOf"][1]["properties"]["choice"]["anyOf"][1]["properties"]
    assert mapped["mel"]["properties"]["n_fft"]["description"] == "Length of the FFT. (samples)"
