"""Every row of the catalog holds together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tunebench.catalog.augmentations import AUGMENTATIONS, strengths
from tunebench.catalog.feasibility import TABLES, branch, general, reasons
from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.general import GENERAL
from tunebench.catalog.spec import SEQUENCE, VECTOR, AugmentationRow, Signal, Spec, load_builder

ROWS = [(table, row) for table, rows in TABLES.items() for row in rows.values()]
SIGNAL = Signal(16_000, 80_000)


@pytest.mark.parametrize(("table", "row"), ROWS, ids=lambda item: getattr(item, "name", item))
def test_rows(table: str, row: object) -> None:
    assert TABLES[table][row.name] is row
    assert row.doc.endswith(".")
    names = [spec.name for spec in row.parameters]
    assert len(set(names)) == len(names)
    module, _, function = row.builder.partition(":")
    assert module.startswith("tunebench.")
    assert function.isidentifier()


@pytest.mark.parametrize(
    "spec",
    [spec for _, row in ROWS for spec in row.parameters]
    + list(GENERAL.values())
    + [row.spec for row in AUGMENTATIONS.values()],
    ids=lambda spec: spec.name,
)
def test_every_default_may_stand(spec: Spec) -> None:
    assert spec.fault(spec.default) is None
    assert spec.doc.endswith(".")
    assert "." not in spec.name


@pytest.mark.parametrize("row", FRONTENDS.values(), ids=lambda row: row.name)
def test_defaults_are_feasible_and_give_what_a_model_takes(row: object) -> None:
    params = {spec.name: spec.default for spec in row.parameters}
    signal = replace(SIGNAL, columns=11) if row.source == "table" else SIGNAL
    assert list(row.check(params, signal)) == []
    shape = row.shape(params, signal)
    if len(shape) == VECTOR:
        assert shape == ({"features": 57, "table": 11}[row.source],)
    elif len(shape) == SEQUENCE:
        assert shape == (20_000, 1)
    else:
        height, width, channels = shape
        assert width == 1 + 80_000 // 512
        assert height > 1
        assert channels in (1, 3)


def test_branch_fills_in_defaults_and_drops_the_prefix() -> None:
    values = {
        "spectrogram": "stft",
        "spectrogram.stft.n_fft": 512,
        "spectrogram.mel.n_fft": 64,
        "backbone": "cnn",
    }
    name, params = branch(values, "spectrogram")
    assert name == "stft"
    assert params == {"n_fft": 512, "hop_length": 512, "top_db": 80.0}
    assert general({"dropout": 0.1})["dropout"] == 0.1
    assert general({})["image_size"] == 96
    assert reasons(values, SIGNAL) == []


@pytest.mark.parametrize("row", AUGMENTATIONS.values(), ids=lambda row: row.name)
def test_every_augmentation_is_off_unless_asked_for(row: AugmentationRow) -> None:
    off, path = row.spec.default, f"augmentation.{row.name}"
    assert strengths({}) == strengths({path: off}) == {}
    assert strengths({path: 0.5}) == {row.name: 0.5}
    assert callable(load_builder(row.builder))
