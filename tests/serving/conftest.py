"""A corpus of wav files, a classifier on it, and the bundle of that classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tunebench.catalog.spec import Signal
from tunebench.catalog.structure import structure_of
from tunebench.export import bundle, formats
from tunebench.export.examples import Examples
from tunebench.metrics.drift import reference
from tunebench.serving.predictor import Predictor
from tunebench.training.classifier import Classifier, Scalars
from tunebench.training.frontend import compile_frontend, frontend_layer
from tunebench.training.models import NetModel

VALUES = {
    "spectrogram": "mel",
    "spectrogram.mel.n_fft": 512,
    "spectrogram.mel.hop_length": 128,
    "spectrogram.mel.n_mels": 32,
    "backbone": "cnn",
    "backbone.cnn.filters": 4,
    "backbone.cnn.blocks": 2,
    "image_size": 32,
}
SIGNAL = Signal(sample_rate_hz=8_000, samples=4_000)
HOP_S = 0.3


def music(seconds: float, rate_hz: int, pitch_hz: float, channels: int = 1) -> NDArray[np.float64]:
    """A decaying, repeated tone with noise, (samples, channels), the same for the same arguments."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    tone = np.sin(2 * np.pi * pitch_hz * time_s) * np.exp(-3 * (time_s % 0.4))
    noise = np.random.default_rng(int(pitch_hz)).normal(0, 0.02, (len(time_s), channels))
    return 0.5 * tone[:, None] + noise


@pytest.fixture(scope="session")
def corpus_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes, three tracks each, of several sample rates, lengths and numbers of channels."""
    root = tmp_path_factory.mktemp("corpus")
    tracks = [(1.7, 8_000, 1), (0.3, 22_050, 2), (1.05, 44_100, 1)]
    for name, base_hz in (("low", 150.0), ("high", 1_200.0)):
        (root / name).mkdir()
        for number, (seconds, rate_hz, channels) in enumerate(tracks):
            samples = music(seconds, rate_hz, base_hz * (1 + number / 10), channels)
            soundfile.write(root / name / f"{number}.wav", samples, rate_hz)
    return root


@pytest.fixture(scope="session")
def waveforms() -> NDArray[np.int16]:
    """(16, samples): eight high segments, then eight low ones."""
    pitches_hz = np.concatenate([np.linspace(1_000, 1_600, 8), np.linspace(120, 240, 8)])
    clips = np.stack([music(0.5, 8_000, pitch_hz)[:, 0] for pitch_hz in pitches_hz])
    return (clips * 32767).astype(np.int16)


@pytest.fixture(scope="session")
def classifier(waveforms: NDArray[np.int16]) -> Classifier:
    """Trained for a few steps: it tells high from low, and is not yet sure."""
    made = Classifier(structure_of(VALUES, SIGNAL, classes=2, precision="float32"))
    made.begin(Scalars(2e-3, dropout=0.0, weight_decay=0.0, label_smoothing=0.2), seed=3)
    frontend = compile_frontend(frontend_layer(VALUES, SIGNAL, made.structure), SIGNAL.samples)
    labels = np.repeat(np.array([0, 1], np.int32), 8)
    made.train(frontend, [(waveforms, labels)] * 30)
    return made


@pytest.fixture(scope="session")
def predictor(
    tmp_path_factory: pytest.TempPathFactory, classifier: Classifier, waveforms: NDArray[np.int16]
) -> Predictor:
    written = bundle.write(
        tmp_path_factory.mktemp("search") / "winner",
        model=NetModel(
            classifier,
            compile_frontend(frontend_layer(VALUES, SIGNAL, classifier.structure), SIGNAL.samples),
        ),
        structure=classifier.structure,
        values=VALUES,
        signal=SIGNAL,
        classes=("high", "low"),
        segment_hop_s=HOP_S,
        info={
            "name": "tones",
            "leakage": "none",
            "test": {
                "track": {"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}},
                "segment": {"accuracy": {"value": 0.85, "low": 0.75, "high": 0.95}},
                "confusion": [[7, 1], [0, 8]],
                "reads": 1,
            },
            "reference": reference(
                np.repeat(waveforms, 10, axis=0) / np.float32(32768),
                np.repeat(np.array([[0.7, 0.3], [0.3, 0.7]], np.float32), 80, axis=0),
            ),
        },
        examples=Examples(waveforms[::4]),
    )
    return Predictor.load(written.folder)


@pytest.fixture(scope="session")
def onnx_bundle(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model as ONNX: a bundle that starts without TensorFlow."""
    return formats.export(predictor.bundle.folder, "onnx", tmp_path_factory.mktemp("onnx") / "out").parent


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.3 s of a high tone as WAV."""
    path = tmp_path_factory.mktemp("clips") / "high.wav"
    soundfile.write(path, music(1.3, 8_000, 1_300.0), 8_000, subtype="PCM_16")
    return path
