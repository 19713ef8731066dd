from __future__ import annotations

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from tests.export.conftest import exported

from tunebench.export import bundle, layout, parity
from tunebench.export.examples import Examples
from tunebench.export.layout import PROBABILITIES, WAVEFORM
from tunebench.export.parity import ParityError


@pytest.fixture
def arguments(classifier, mel_values, signal, examples):
    return {
        **exported(classifier, mel_values),
        "values": mel_values,
        "signal": signal,
        "classes": ("blues", "jazz", "rock"),
        "segment_hop_s": 0.5,
        "info": {},
        "examples": Examples(examples),
    }


def test_description_is_read_back(mel_bundle):
    found = layout.read(mel_bundle.folder)
    assert found == replace(mel_bundle, values=found.values, structure=found.structure)
    assert (found.sample_rate_hz, found.segment_samples, found.hop_samples) == (8_000, 4_000, 2_000)
    assert found.info == {"search": "tiny"}
    assert found.structure["backbone_params"]["filters"] == 4
    assert found.versions["keras"] == keras.__version__


def test_measured_differences_are_stated(mel_bundle):
    stated = json.loads((mel_bundle.folder / "tunebench.json").read_text())["parity"]
    assert stated["tolerance"] == 1e-4
    assert stated["examples"] == 6 + 4  # two of them again, quiet and short
    for model in ("keras", "savedmodel"):
        assert 0.0 <= stated[model]["alone"] <= 1e-4
        assert 0.0 <= stated[model]["batch"] <= 1e-4


def test_nothing_else_is_left_behind(mel_bundle):
    assert [path.name for path in mel_bundle.folder.parent.iterdir()] == ["winner"]
    held = {path.name for path in mel_bundle.folder.iterdir()}
    assert held == {
        "tunebench.json", "README.md", "model.keras", "savedmodel", "example.npz", "reference",
    }  # fmt: skip


@pytest.mark.parametrize(("signature", "width"), [("serving_default", None), ("windows", 4_000)])
def test_savedmodel_names_its_input_and_output_and_takes_any_batch(mel_bundle, signature, width):
    serve = tf.saved_model.load(str(mel_bundle.savedmodel)).signatures[signature]
    assert serve.structured_input_signature[1] == {
        WAVEFORM: tf.TensorSpec((None, width), tf.float32, WAVEFORM)
    }
    assert serve.structured_outputs[PROBABILITIES].shape.as_list() == [None, 3]
    assert serve.structured_outputs[PROBABILITIES].dtype == tf.float32


def test_classifier_is_left_as_it_was(mel_bundle, classifier):
    """Exporting uses a net of its own, so a pooled classifier neither grows nor changes."""
    assert len(classifier.model._inbound_nodes) <= 1
    assert classifier.structure.precision == "float32"


def test_failed_gate_leaves_the_old_bundle_and_no_new_one(tmp_path, arguments, monkeypatch):
    bad = {"keras": {"alone": 0.5, "batch": 0.5}}
    monkeypatch.setattr(parity, "measure", lambda folders: [bad for _ in folders])
    target = tmp_path / "winner"
    with pytest.raises(ParityError, match=r"winner: the reloaded model is not.*keras alone 0\.5"):
        bundle.write(target, **arguments)
    assert list(tmp_path.iterdir()) == []
    target.mkdir()
    (target / "tunebench.json").write_text("the old one")
    with pytest.raises(ParityError):
        bundle.write(target, **arguments)
    assert (target / "tunebench.json").read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("shape", "dtype"), [((2, 4_000), np.float32), ((2, 3_999), np.int16), ((0, 4_000), np.int16)]
)
def test_examples_of_another_kind(tmp_path, arguments, shape, dtype):
    with pytest.raises(ValueError, match=r"must be int16 \(n, 4000\).*Received"):
        bundle.write(tmp_path / "winner", **arguments | {"examples": Examples(np.zeros(shape, dtype))})


def test_the_temperature_is_in_every_model(tmp_path, arguments, mel_bundle, examples):
    """The gate compares with the arithmetic of `metrics.calibration`; and it is not the model without."""
    warm = bundle.write(tmp_path / "winner", **arguments | {"temperature": 2.0})
    assert layout.read(warm.folder).temperature == 2.0
    assert warm.parity["keras"]["batch"] <= 1e-4
    waveforms = tf.constant(examples / np.float32(32768))
    before, after = (
        tf.saved_model.load(str(of.savedmodel)).signatures["windows"](waveform=waveforms)[PROBABILITIES]
        for of in (mel_bundle, warm)
    )
    assert (after.numpy().max(axis=1) < before.numpy().max(axis=1)).all()
    np.testing.assert_array_equal(after.numpy().argmax(axis=1), before.numpy().argmax(axis=1))
