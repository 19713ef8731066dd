"""Tiny classifiers on half a second at 8 kHz, and the bundles made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tunebench.catalog.feasibility import Values
from tunebench.catalog.spec import Signal
from tunebench.catalog.structure import structure_of
from tunebench.export import bundle
from tunebench.export.examples import Examples
from tunebench.export.layout import Bundle
from tunebench.training.classifier import Classifier, Scalars
from tunebench.training.frontend import compile_frontend, frontend_layer
from tunebench.training.models import NetModel
from tunebench.training.reinitialise import leaves

SIGNAL = Signal(sample_rate_hz=8_000, samples=4_000)
CLASSES = ("blues", "jazz", "rock")
CNN = {
    "backbone": "cnn",
    "backbone.cnn.filters": 4,
    "backbone.cnn.blocks": 2,
    "image_size": 32,
    "dense_units": 8,
}
MEL = {"spectrogram": "mel", "spectrogram.mel.n_fft": 512, "spectrogram.mel.hop_length": 128,
       "spectrogram.mel.n_mels": 32}  # fmt: skip


def trained(values: Values, examples: NDArray[np.int16], precision: str = "float32") -> Classifier:
    """A classifier as if trained: batch statistics moved, scores that differ by about 1 among examples."""
    classifier = Classifier(structure_of(values, SIGNAL, classes=len(CLASSES), precision=precision))
    classifier.begin(Scalars(1e-3, dropout=0.0, weight_decay=0.0, label_smoothing=0.0), seed=11)
    images = frontend_layer(values, SIGNAL, classifier.structure)(examples)
    normalisations = [x for x in leaves(classifier.model) if isinstance(x, keras.layers.BatchNormalization)]
    for layer in normalisations:
        layer.momentum = 0.0  # this batch's statistics at once
    classifier.model(images, training=True)
    scores = classifier.model(images).numpy()  # (examples, classes)
    layer = classifier.model.get_layer("scores")
    layer.kernel.assign(layer.kernel / scores.std(axis=0))
    layer.bias.assign((layer.bias - scores.mean(axis=0)) / scores.std(axis=0))
    return classifier


def exported(classifier: Classifier, values: Values) -> dict:
    """A classifier as `bundle.write` takes it."""
    frontend = compile_frontend(frontend_layer(values, SIGNAL, classifier.structure), SIGNAL.samples)
    return {"model": NetModel(classifier, frontend), "structure": classifier.structure}


@pytest.fixture(scope="session")
def signal() -> Signal:
    return SIGNAL


@pytest.fixture(scope="session")
def examples() -> NDArray[np.int16]:
    """Tones, sweeps and noise from loud to quiet, (6, samples)."""
    rng = np.random.default_rng(3)
    time_s = np.arange(SIGNAL.samples) / SIGNAL.sample_rate_hz
    pitches_hz = np.array([110.0, 220.0, 440.0, 880.0, 1_760.0, 3_000.0])
    tones = np.sin(2 * np.pi * pitches_hz[:, None] * time_s * (1 + time_s))
    levels = np.array([0.9, 0.3, 0.1, 0.03, 0.5, 0.01])
    noise = rng.normal(0, 0.1, tones.shape)
    return np.clip((tones + noise) * levels[:, None] * 32767, -32768, 32767).astype(np.int16)


@pytest.fixture(scope="session")
def make_classifier() -> Callable[..., Classifier]:
    return trained


@pytest.fixture(scope="session")
def mel_values() -> Values:
    return MEL | CNN


@pytest.fixture(scope="session")
def cnn_values() -> Values:
    return CNN


@pytest.fixture(scope="session")
def classifier(mel_values: Values, examples: NDArray[np.int16]) -> Classifier:
    return trained(mel_values, examples)


@pytest.fixture(scope="session")
def mel_bundle(
    tmp_path_factory: pytest.TempPathFactory,
    classifier: Classifier,
    mel_values: Values,
    examples: NDArray[np.int16],
) -> Bundle:
    """A real bundle that went through the gate. Read it only."""
    folder: Path = tmp_path_factory.mktemp("search") / "winner"
    return bundle.write(
        folder, **exported(classifier, mel_values), values=mel_values, signal=SIGNAL, classes=CLASSES,
        segment_hop_s=0.25, info={"search": "tiny"}, examples=Examples(examples),
    )  # fmt: skip
