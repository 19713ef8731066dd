from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from tunebench.audio.gather import gather
from tunebench.audio.prepare import prepare
from tunebench.audio.segments import segment
from tunebench.audio.store import Store
from tunebench.catalog.spec import Signal
from tunebench.errors import DataError, InputError
from tunebench.export.asked import load_model
from tunebench.serving import predictor as module
from tunebench.serving.predictor import Predictor
from tunebench.space.sections import DataSection
from tunebench.training.frontend import compile_frontend, frontend_layer


@pytest.fixture
def tone():
    """Two seconds at 8 kHz in [-1, 1]."""
    time_s = np.arange(16_000) / 8_000
    return (0.4 * np.sin(2 * np.pi * 500 * time_s * (1 + time_s))).astype(np.float32)


def test_same_probabilities_as_in_training(corpus_root, tmp_path, classifier, predictor):
    """Through the store, the segments and the training steps; and from the file alone."""
    data = DataSection.model_validate(
        {
            "root": corpus_root,
            "sample_rate": 8_000,
            "segment": {"seconds": 0.5, "hop": 0.3},
            "split": {"by": "track", "validation": 0.3, "test": 0.0},
        }
    )
    corpus = prepare(data, store=Store(tmp_path), workers=1)
    segments = segment(corpus, data.segment)
    bundle = predictor.bundle
    waveforms = gather(corpus, segments, np.arange(len(segments)))
    signal = Signal(bundle.sample_rate_hz, bundle.segment_samples)
    step = compile_frontend(frontend_layer(bundle.values, signal, classifier.structure), signal.samples)
    trained = classifier.predict(step, [(waveforms, None)], len(segments))
    assert trained.std(axis=0).max() > 0.05
    for index, stored in enumerate(corpus.tracks):
        own = segments.track == index
        expected = trained[own]
        prediction = predictor.predict(corpus_root / stored.track.path)
        np.testing.assert_allclose(prediction.windows, expected, atol=1e-5)
        np.testing.assert_allclose(prediction.probabilities, expected.mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(
            prediction.window_starts_s * 8_000, segments.start[segments.track == index]
        )


@pytest.mark.parametrize(
    ("seconds", "starts_s"),
    [(0.2, [0.0]), (0.5, [0.0]), (0.54, [0.0]), (0.56, [0.0, 0.3]), (1.1, [0.0, 0.3, 0.6])],
)
def test_windows(predictor, tone, seconds, starts_s):
    prediction = predictor.predict_waveform(tone[: round(seconds * 8_000)], 8_000)
    np.testing.assert_allclose(prediction.window_starts_s, starts_s)
    assert prediction.windows.shape == (len(starts_s), 2)
    np.testing.assert_allclose(prediction.windows.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(prediction.probabilities, prediction.windows.mean(axis=0), atol=1e-6)
    assert prediction.label == prediction.classes[np.argmax(prediction.probabilities)]


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_files_of_any_rate_and_channels(predictor, tmp_path, rate_hz, channels):
    """The same sound is classified alike, up to what resampling leaves."""
    time_s = np.arange(2 * rate_hz) / rate_hz
    sound = 0.3 * sum(np.sin(2 * np.pi * f * time_s) for f in (220, 587, 1_400))
    soundfile.write(tmp_path / "a.flac", np.repeat(sound[:, None], channels, axis=1), rate_hz)
    prediction = predictor.predict(tmp_path / "a.flac")
    at_8_khz = np.arange(16_000) / 8_000
    plain = 0.3 * sum(np.sin(2 * np.pi * f * at_8_khz) for f in (220, 587, 1_400))
    expected = predictor.predict_waveform(plain, 8_000)
    assert prediction.path == tmp_path / "a.flac"
    assert len(prediction.windows) == len(expected.windows)
    np.testing.assert_allclose(prediction.probabilities, expected.probabilities, atol=0.05)


def test_integer_and_floating_waveforms_agree(predictor, tone):
    pcm = np.rint(tone * 32768).astype(np.int16)
    floating = predictor.predict_waveform(tone, 8_000)
    np.testing.assert_array_equal(predictor.predict_waveform(pcm, 8_000).windows, floating.windows)
    stereo = np.stack([pcm, pcm], axis=1)
    np.testing.assert_array_equal(predictor.predict_waveform(stereo, 8_000).windows, floating.windows)


def test_windows_do_not_depend_on_their_batch(predictor, tone, monkeypatch):
    together = predictor.predict_waveform(tone, 8_000)
    monkeypatch.setattr(module, "BATCH_SIZE", 1)
    alone = predictor.predict_waveform(tone, 8_000)
    assert len(alone.windows) == 6
    np.testing.assert_allclose(alone.windows, together.windows, atol=1e-6)


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"", "empty"), (b"this is text, not audio" * 50, "unreadable"), (None, "inaccessible")],
)
def test_file_that_is_no_audio(predictor, tmp_path, content, fault):
    path = tmp_path / "song.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=rf"song\.wav: {fault}.*Give an audio file"):
        predictor.predict(path)


def test_sound_that_training_would_have_refused(predictor, tone):
    with pytest.raises(DataError, match=r"waveform: silent"):
        predictor.predict_waveform(np.zeros(8_000, np.float32), 8_000)
    with pytest.raises(DataError, match=r"waveform: too short"):
        predictor.predict_waveform(tone[:100], 8_000)
    with pytest.raises(DataError, match=r"waveform: non-finite"):
        predictor.predict_waveform(tone * np.nan, 8_000)


@pytest.mark.parametrize(
    "waveform", [np.zeros(8_000, np.int32), np.zeros((2, 2, 2), np.float32), np.float32(1)]
)
def test_waveform_of_another_kind(predictor, waveform):
    with pytest.raises(DataError, match=r"must be \(samples,\) or \(samples, channels\).*Received"):
        predictor.predict_waveform(waveform, 8_000)


def test_impossible_sample_rate(predictor, tone):
    with pytest.raises(DataError, match=r"sample_rate_hz.*Received: 0"):
        predictor.predict_waveform(tone, 0)


def test_savedmodels_with_threads_of_their_own_answer_alike(predictor, waveforms):
    inputs = (waveforms / np.float32(32768)).astype(np.float32)
    expected = load_model(predictor.bundle, form="savedmodel").ask(inputs)
    models = [load_model(predictor.bundle, form="savedmodel", threads=threads) for threads in (1, 1, 2)]
    with ThreadPoolExecutor(3) as pool:
        for said in pool.map(lambda model: model.ask(inputs), models * 3):
            assert said.shape == expected.shape
            np.testing.assert_allclose(said, expected, atol=1e-6)
    assert models[0].ask(inputs[:1]).shape == (1, 2)


def test_bundle_without_savedmodel(predictor, tmp_path):
    thin = tmp_path / "thin"
    shutil.copytree(predictor.bundle.folder, thin, ignore=shutil.ignore_patterns("savedmodel", "*.keras"))
    with pytest.raises(
        InputError, match=r"holds no model that can be read \(it holds: none\).*tunebench export"
    ):
        Predictor.load(thin)
    shutil.copytree(predictor.bundle.savedmodel, thin / "savedmodel")
    (thin / "savedmodel" / "saved_model.pb").write_bytes(b"not one")
    with pytest.raises(InputError, match=r"savedmodel: no model that can be read \("):
        Predictor.load(thin, form="savedmodel", threads=1)
    with pytest.raises(InputError, match=r"savedmodel: no model that can be read \("):
        Predictor.load(thin)
    with pytest.raises(InputError, match="not a bundle"):
        Predictor.load(tmp_path)


def test_a_fresh_process_needs_none_of_the_training_code(predictor, corpus_root):
    program = (
        "import sys; from pathlib import Path; from tunebench.serving.predictor import Predictor\n"
        f"print(Predictor.load(Path({str(predictor.bundle.folder)!r}))"
        f".predict(Path({str(corpus_root / 'low' / '0.wav')!r})).label)\n"
        "layers = ('tunebench.frontends', 'tunebench.backbones', 'tunebench.training')\n"
        "sys.exit(any(name.startswith(layers) for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "low"), done.stderr[-500:]
