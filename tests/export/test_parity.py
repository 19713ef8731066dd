from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from tests.export.conftest import exported

from tunebench.export import parity
from tunebench.export.bundle import write_models
from tunebench.export.card import describe
from tunebench.export.examples import Examples
from tunebench.export.layout import EXAMPLE, KERAS, PROBABILITIES
from tunebench.export.parity import TOLERANCE, ParityError
from tunebench.export.serving_model import load_keras
from tunebench.training.frontend import frontend_layer

CNN = {
    "backbone": "cnn",
    "backbone.cnn.filters": 4,
    "backbone.cnn.blocks": 2,
    "image_size": 32,
    "dense_units": 8,
}
pytestmark = pytest.mark.slow

SPECTROGRAMS = {
    "stft": {"n_fft": 256, "hop_length": 128},
    "mel": {"n_fft": 512, "hop_length": 128, "n_mels": 32, "mel_scale": "htk"},
    "multi_stft": {"first_window": 128, "last_window": 512, "hop_length": 128},
    "mfcc": {"n_mfcc": 13, "n_fft": 512, "hop_length": 128, "n_mels": 32},
}
CASES = {
    "stft": ("stft", {}, "float32"),
    "mel": ("mel", {"normalisation": "range"}, "float32"),
    "multi_stft": ("multi_stft", {}, "float32"),
    "mfcc": ("mfcc", {}, "float32"),
    "float16": ("mel", {}, "mixed_float16"),
    "mobilenetv2": ("mel", {"backbone": "mobilenetv2"}, "float32"),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory, make_classifier, cnn_values, signal, examples, mel_bundle):
    root = tmp_path_factory.mktemp("models")
    for case, (spectrogram, rest, precision) in CASES.items():
        params = {f"spectrogram.{spectrogram}.{k}": v for k, v in SPECTROGRAMS[spectrogram].items()}
        values = cnn_values | {"spectrogram": spectrogram} | params | rest
        (root / case).mkdir()
        classifier = make_classifier(values, examples, precision)
        frontend = frontend_layer(values, signal, classifier.structure)
        model = exported(classifier, values)["model"]
        described = replace(mel_bundle, folder=root / case, values=values)
        describe(described, root / case)
        write_models(root / case, described, model=model, frontend=frontend, examples=Examples(examples))
    return root


@pytest.fixture(scope="module")
def tampered(folders):
    folder = folders / "tampered"
    shutil.copytree(folders / "mel", folder)
    model = load_keras(folder / KERAS)
    kernel = model.get_layer("cnn").get_layer("scores").kernel
    kernel.assign(kernel * 1.01)
    model.save(folder / KERAS)
    return folder


@pytest.fixture(scope="module")
def differences(folders, tampered):
    """Of all cases, measured by one fresh process."""
    names = [*CASES, tampered.name]
    return dict(zip(names, parity.measure([folders / name for name in names]), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_fresh_process_agrees_alone_and_in_a_batch(case, differences, folders):
    assert set(differences[case]) == {"keras", "savedmodel"}
    assert set(differences[case]["keras"]) == {"alone", "batch", "agreement"}
    parity.check(differences[case], TOLERANCE[CASES[case][2]], folders / case)


@pytest.mark.parametrize("case", CASES)
def test_examples_tell_models_apart(case, folders):
    """A net that says the same of every clip would agree with anything."""
    with np.load(folders / case / EXAMPLE) as stored:
        assert stored[PROBABILITIES].std(axis=0).max() > 0.05
        np.testing.assert_allclose(stored[PROBABILITIES].sum(axis=1), 1.0, atol=1e-5)


def test_changed_weights_fail_the_gate(differences, tampered):
    assert differences["tampered"]["savedmodel"]["batch"] < 1e-4
    with pytest.raises(ParityError, match=r"not the trained one.*keras alone 0\.0\d+ of 0\.0001"):
        parity.check(differences["tampered"], TOLERANCE["float32"], tampered)


def test_not_a_number_fails_the_gate(tmp_path):
    with pytest.raises(ParityError, match="keras alone nan"):
        parity.check({"keras": {"alone": float("nan"), "batch": 0.0}}, 1.0, tmp_path)


def test_nothing_to_compare_fails_the_gate(tmp_path):
    with pytest.raises(ParityError, match="no model is there"):
        parity.check({}, 1.0, tmp_path)
