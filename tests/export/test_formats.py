from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
import soundfile
import tensorflow as tf
from tests.export.conftest import exported

from tunebench.errors import InputError, SearchError
from tunebench.export import bundle, converters, formats, forms, layout
from tunebench.export.examples import Examples
from tunebench.export.forms import FORMS
from tunebench.export.parity import ParityError
from tunebench.serving.predictor import Predictor

CONVERTED = [name for name, form in FORMS.items() if form.converted]


def test_exported_folder_holds_the_model_its_description_and_its_example(mel_bundle, tmp_path):
    exported = formats.export(mel_bundle.folder, "savedmodel", tmp_path / "out")
    assert exported == tmp_path / "out" / "savedmodel"
    held = {path.name for path in (tmp_path / "out").iterdir()}
    assert held == {"savedmodel", "tunebench.json", "README.md", "example.npz", "reference"}
    assert layout.read(tmp_path / "out").classes == ("blues", "jazz", "rock")


def test_keras_file_is_verified_again(mel_bundle, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(mel_bundle.folder, broken)
    content = bytearray((broken / "model.keras").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (broken / "model.keras").write_bytes(content)
    with pytest.raises(ParityError, match=r"cannot be reloaded in a fresh process.*said: .*CRC"):
        formats.export(broken, "keras", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unknown_format(mel_bundle, tmp_path):
    with pytest.raises(InputError, match=r"--format pickle: no such format.*onnx.*savedmodel.*mlflow"):
        formats.export(mel_bundle.folder, "pickle", tmp_path / "out")


def test_folder_in_use(mel_bundle, tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match=r"is not empty.*--out"):
        formats.export(mel_bundle.folder, "keras", tmp_path)
    assert (tmp_path / "mine.txt").exists()


def test_form_that_the_bundle_lacks(mel_bundle, tmp_path):
    thin = tmp_path / "thin"
    shutil.copytree(mel_bundle.folder, thin, ignore=shutil.ignore_patterns("model.keras"))
    with pytest.raises(InputError, match=r"holds no model\.keras.*--format savedmodel"):
        formats.export(thin, "keras", tmp_path / "out")


@pytest.fixture(scope="module")
def calibration(examples):
    return examples / np.float32(32768)


@pytest.fixture(scope="module")
def converted(mel_bundle, calibration, tmp_path_factory):
    """Every converted form of one net, each through the gate in its own runtime."""
    root = tmp_path_factory.mktemp("converted")
    return {
        name: formats.export(mel_bundle.folder, name, root / name, calibration=calibration)
        for name in CONVERTED
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", CONVERTED)
def test_converted_form_is_a_bundle_with_its_differences(converted, name):
    bundle = layout.read(converted[name].parent)
    stated = bundle.parity[name]
    assert 0.0 <= stated["alone"] <= FORMS[name].tolerance
    assert 0.0 <= stated["batch"] <= FORMS[name].tolerance
    card = (bundle.folder / "README.md").read_text()
    assert f"| {name} | {FORMS[name].file} |" in card
    assert "| keras |" not in card  # it is not in this folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "litert"])
def test_runtime_answers_and_loads_no_tensorflow(converted, name):
    script = (
        "import sys, pathlib, numpy as np\n"
        "from tunebench.serving.predictor import Predictor\n"
        f"predictor = Predictor.load(pathlib.Path({str(converted[name].parent)!r}))\n"
        "said = predictor.predict_waveform(np.sin(np.arange(9000) / 9).astype(np.float32), 8000)\n"
        "print(said.windows.shape, 'tensorflow' in sys.modules, 'keras' in sys.modules)\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split("\n")[0] == "(4, 3) False False"


@pytest.mark.slow
def test_onnx_shows_what_the_net_receives(converted, mel_bundle, calibration):
    onnx, savedmodel = (
        forms.load(layout.read(folder), form=name)
        for folder, name in ((converted["onnx"].parent, "onnx"), (mel_bundle.folder, "savedmodel"))
    )
    assert onnx.see is not None
    assert savedmodel.see is not None
    seen = onnx.see(calibration)
    assert seen.shape == (6, 32, 32, 1)
    np.testing.assert_allclose(seen, savedmodel.see(calibration), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "spectrogram",
    [
        {"spectrogram": "stft", "spectrogram.stft.n_fft": 256, "spectrogram.stft.hop_length": 100},
        {
            "spectrogram": "multi_stft",
            "spectrogram.multi_stft.first_window": 128,
            "spectrogram.multi_stft.last_window": 512,
            "spectrogram.multi_stft.hop_length": 128,
        },
        {
            "spectrogram": "mfcc",
            "spectrogram.mfcc.n_fft": 600,
            "spectrogram.mfcc.hop_length": 128,
            "spectrogram.mfcc.n_mels": 32,
            "spectrogram.mfcc.n_mfcc": 13,
        },
        {"spectrogram": "waveform", "backbone": "cnn1d"},
    ],
    ids=lambda values: values["spectrogram"],
)
def test_every_front_end_becomes_onnx_and_litert(
    spectrogram, cnn_values, make_classifier, signal, examples, tmp_path
):
    values = cnn_values | spectrogram
    bundle.write(
        tmp_path / "winner", **exported(make_classifier(values, examples), values), values=values,
        signal=signal, classes=("a", "b", "c"), segment_hop_s=0.25, info={}, examples=Examples(examples),
    )  # fmt: skip
    for name in ("onnx", "litert"):
        made = formats.export(tmp_path / "winner", name, tmp_path / name)
        assert layout.read(made.parent).parity[name]["batch"] <= 1e-4


def test_int8_needs_training_data(mel_bundle, tmp_path):
    with pytest.raises(InputError, match=r"int8.*calibrated.*tunebench export NAME"):
        formats.export(mel_bundle.folder, "litert-int8", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_converter_that_returns_a_wrong_model_is_refused(mel_bundle, tmp_path, monkeypatch):
    """A converter's return proves nothing; the runtime's answers do."""

    def wrong(bundle, path, calibration):
        converters.to_onnx(bundle, path, calibration)
        model = onnx.load(path)
        for tensor in model.graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.dtype == np.float32 and values.ndim == 4:
                tensor.CopyFrom(onnx.numpy_helper.from_array(values * 1.5, tensor.name))
        onnx.save(model, path)

    monkeypatch.setattr(converters, "CONVERTERS", {**converters.CONVERTERS, "onnx": wrong})
    with pytest.raises(ParityError, match=r"onnx alone .* of 0\.0001"):
        formats.export(mel_bundle.folder, "onnx", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_broken_converter_names_what_to_do(mel_bundle, tmp_path, monkeypatch):
    def fail(bundle, path, calibration):
        raise ValueError("no such operation\nand more")

    monkeypatch.setattr(converters, "CONVERTERS", {**converters.CONVERTERS, "onnx": fail})
    with pytest.raises(SearchError, match=r"cannot be converted to onnx \(no such operation\).*savedmodel"):
        formats.export(mel_bundle.folder, "onnx", tmp_path / "out")


def test_form_that_is_wrong_too_often_is_refused(mel_bundle, tmp_path):
    with pytest.raises(ParityError, match=r"accuracy on validation is 0\.700, 0\.100 less"):
        formats.export(
            mel_bundle.folder, "savedmodel", tmp_path / "out",
            judge=lambda ask: {"accuracy": 0.7, "accuracy_change": -0.1},
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("samples", [1_000, 4_000, 5_000, 6_001, 11_999])
def test_savedmodel_cuts_any_length_as_the_predictor_does(mel_bundle, samples):
    sound = (np.random.default_rng(samples).normal(0, 0.1, samples) * 32768).astype(np.int16)
    predictor = Predictor.load(mel_bundle.folder, form="savedmodel")
    served = tf.saved_model.load(str(mel_bundle.savedmodel)).signatures["serving_default"]
    both = np.stack([sound, sound // 7]) / np.float32(32768)
    said = served(waveform=tf.constant(both))["probabilities"].numpy()
    for row, one in zip(said, (sound, sound // 7), strict=True):
        np.testing.assert_allclose(row, predictor.classify(one).probabilities, atol=1e-5)


def test_savedmodel_reads_wav_bytes(mel_bundle, tmp_path):
    served = tf.saved_model.load(str(mel_bundle.savedmodel)).signatures["serve_wav"]
    clips = sorted((mel_bundle.folder / "reference").glob("*.wav"))
    expected = json.loads((mel_bundle.folder / "reference" / "expected.json").read_text())
    assert len(clips) == 4
    said = served(wav=tf.constant([clip.read_bytes() for clip in clips]))["probabilities"].numpy()
    for clip, row in zip(clips, said, strict=True):
        np.testing.assert_allclose(row, list(expected[clip.name].values()), atol=1e-4)
    soundfile.write(tmp_path / "fast.wav", np.zeros(16_000, np.int16), 16_000)
    with pytest.raises(tf.errors.InvalidArgumentError, match="send WAV files at 8000 Hz"):
        served(wav=tf.constant([(tmp_path / "fast.wav").read_bytes()]))
