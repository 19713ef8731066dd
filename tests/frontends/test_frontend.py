"""What the layer refuses, and which way up its picture is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from tunebench.catalog.spec import Signal
from tunebench.errors import InputError
from tunebench.frontends import Frontend, build
from tunebench.frontends.colours import sox_colours

LAYOUT: dict[str, Any] = {"shape": None, "normalisation": "range"}


@pytest.mark.parametrize(
    ("name", "params", "layout", "message"),
    [
        ("mell", {}, {}, "no front-end 'mell'. Use one of: mel, stft, multi_stft, mfcc, waveform"),
        ("mel", {"n_mel": 64}, {}, "'mel' has no parameter n_mel. It takes: n_fft"),
        ("mel", {"hop_length": 4096}, {}, "hop_length 4096 is larger than n_fft 2048"),
        ("mfcc", {"n_mfcc": 200}, {}, "n_mfcc 200 is larger than n_mels 128"),
        ("multi_stft", {}, {"shape": (32, 32, 1)}, "makes 3 channels and cannot give 1"),
        ("mel", {}, {"shape": (0, 32, 1)}, "of at least 1 each, or None for no resizing"),
        ("mel", {}, {"shape": (32, 32)}, "shape must be"),
        ("waveform", {}, {"shape": (32, 32, 1)}, "'waveform' makes no image"),
        ("multi_stft", {}, {"colours": "sox"}, "Use colours='grey', or mel, stft or mfcc"),
        ("mel", {}, {"colours": "jet"}, "colours must be one of grey, sox. Received: 'jet'"),
        ("mel", {}, {"normalisation": "minmax"}, "one of standard, range. Received: 'minmax'"),
    ],
)
def test_refusals(
    name: str, params: dict[str, Any], layout: dict[str, Any], message: str, signal: Signal
) -> None:
    with pytest.raises(InputError, match=message):
        build(name, params, signal=signal, **{**LAYOUT, **layout})


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.zeros((2, 15999), np.int16), r"\(batch, 16000\)\. Received: \(2, 15999\)"),
        (np.zeros(16000, np.int16), r"Received: \(16000,\)"),
        (np.zeros((2, 16000), np.int32), "Received: int32. Convert the waveform to int16"),
    ],
)
def test_refused_waveforms(waveform: np.ndarray, message: str, signal: Signal) -> None:
    layer = build("stft", {}, signal=signal, **LAYOUT)
    with pytest.raises(InputError, match=message):
        layer(waveform)


def test_unknown_length_is_refused_when_traced(signal: Signal) -> None:
    layer = build("stft", {}, signal=signal, **LAYOUT)
    function = tf.function(layer)
    with pytest.raises(InputError, match=r"Received: \(None, None\)"):
        function.get_concrete_function(tf.TensorSpec((None, None), tf.int16))


@pytest.mark.parametrize(("hz", "side"), [(500.0, None), (500.0, 64), (6000.0, None), (6000.0, 64)])
def test_low_frequencies_are_in_the_first_rows_and_early_frames_in_the_first_columns(
    hz: float, side: int | None, signal: Signal
) -> None:
    time_s = np.arange(signal.samples) / signal.sample_rate_hz
    waveform = 0.5 * np.sin(2 * np.pi * hz * time_s) * (time_s < 0.5)
    layer = build("stft", {"n_fft": 512, "hop_length": 128}, signal=signal, **LAYOUT)
    if side is not None:
        layer = build("stft", layer.params, signal=signal, **{**LAYOUT, "shape": (side, side, 1)})
    image = layer(waveform[None]).numpy()[0, :, :, 0]
    row = image[:, : image.shape[1] // 4].mean(axis=1).argmax()
    assert row / image.shape[0] == pytest.approx(hz / 8000.0, abs=0.02)
    assert image[row, : image.shape[1] // 3].min() > image[row, -image.shape[1] // 3 :].max()


def test_range_is_top_db_to_the_unit_interval(signal: Signal, waveforms: np.ndarray) -> None:
    levels_db = [
        build("mel", {"n_mels": 64, "top_db": top_db}, signal=signal, **LAYOUT)(waveforms).numpy() * top_db
        - top_db
        for top_db in (40.0, 80.0)
    ]
    np.testing.assert_allclose(levels_db[0], np.maximum(levels_db[1], -40.0), atol=1e-4)


def test_one_channel_is_repeated(signal: Signal, waveforms: np.ndarray) -> None:
    single = build("mel", {"n_mels": 64}, signal=signal, **LAYOUT)(waveforms).numpy()
    shape = (*single.shape[1:3], 3)
    image = build("mel", {"n_mels": 64}, signal=signal, **{**LAYOUT, "shape": shape})(waveforms).numpy()
    np.testing.assert_array_equal(image, np.repeat(single, 3, axis=-1))


def test_colours_of_known_levels() -> None:
    """Black, then blue, purple, red and yellow, to white, as in a picture that sox draws."""
    levels = [0.0, 0.3, 0.6, 0.73, 0.91, 1.0]
    picture = sox_colours(tf.constant(levels)[None, :, None, None]).numpy()[0, :, 0]
    expected = [[0, 0, 0], [0.430, 0, 0.5], [0.943, 0, 0], [1, 0.612, 0], [1, 1, 0.591], [1, 1, 1]]
    np.testing.assert_allclose(picture, expected, atol=1e-3)


def test_a_picture_in_colours_is_drawn_of_the_resized_image(signal: Signal, waveforms: np.ndarray) -> None:
    params = {"n_mels": 64}
    grey = build("mel", params, signal=signal, **{**LAYOUT, "shape": (100, 160, 1)})(waveforms)
    colours = build("mel", params, signal=signal, colours="sox", **{**LAYOUT, "shape": (100, 160, 3)})
    assert colours.get_config()["colours"] == "sox"
    np.testing.assert_allclose(colours(waveforms).numpy(), sox_colours(grey).numpy(), atol=1e-6)


@pytest.mark.parametrize("factor", [2, 5, 16])
def test_decimation_is_scipy_s(factor: int, signal: Signal, waveforms: np.ndarray) -> None:
    layer = build("waveform", {"decimation": factor}, signal=signal, dtype="float64", **LAYOUT)
    kept = 2.0 * layer(waveforms).numpy()[:, :, 0] - 1.0
    reference = scipy.signal.decimate(waveforms / 32768.0, factor, n=20 * factor, ftype="fir", axis=1)
    np.testing.assert_allclose(kept, reference, atol=1e-9)


def test_config_is_plain(signal: Signal) -> None:
    config = build("mel", {"n_mels": 64}, signal=signal, **LAYOUT).get_config()
    assert config["spectrogram"] == "mel"
    assert config["params"]["n_mels"] == 64
    assert config["params"]["n_fft"] == 2048
    assert config["signal"] == {"sample_rate_hz": 16000, "samples": 16000, "columns": 0}
    assert type(config["params"]) is dict
    assert Frontend.from_config(config).signal == signal
