"""What every front-end keeps, whatever it computes: run over all rows of the catalog."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import tunebench
from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.spec import Shape, Signal
from tunebench.frontends import Frontend, build

Small = Mapping[str, Mapping[str, Any]]

OF_AUDIO = [name for name, row in FRONTENDS.items() if row.source == "waveform"]
rows = pytest.mark.parametrize("row", OF_AUDIO)
images = pytest.mark.parametrize("row", [name for name in OF_AUDIO if name != "waveform"])
normalisations = pytest.mark.parametrize("normalisation", ["standard", "range"])


def make(row: str, small: Small, signal: Signal, **changes: Any) -> Frontend:
    shape = None if row == "waveform" else (33, 33, 3)
    return build(row, small[row], signal=signal, **{"shape": shape, "normalisation": "standard", **changes})


@pytest.fixture
def mixed_float16() -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


@images
def test_defaults_build(row: str, waveforms: np.ndarray, signal: Signal) -> None:
    layer = build(row, {}, signal=signal, shape=(64, 64, 3), normalisation="standard")
    assert layer(waveforms).shape == (5, 64, 64, 3)
    assert layer.weights == []


@images
@pytest.mark.parametrize("shape", [None, (7, 7, 3), (33, 21, 3), (240, 240, 3)])
def test_declared_shape_is_the_shape(
    row: str, shape: Shape | None, small: Small, waveforms: np.ndarray, signal: Signal
) -> None:
    layer = make(row, small, signal, shape=shape)
    image = layer(waveforms)
    assert layer.compute_output_shape(waveforms.shape) == tuple(image.shape)
    assert tuple(image.shape[1:]) == (shape or FRONTENDS[row].shape(layer.params, signal))


@pytest.mark.parametrize("decimation", [1, 3, 8])
def test_the_waveform_is_a_sequence(decimation: int, waveforms: np.ndarray, signal: Signal) -> None:
    layer = build("waveform", {"decimation": decimation}, signal=signal, shape=None, normalisation="range")
    sequence = layer(waveforms)
    assert tuple(sequence.shape) == layer.compute_output_shape(waveforms.shape)
    assert tuple(sequence.shape[1:]) == FRONTENDS["waveform"].shape({"decimation": decimation}, signal)


@rows
@normalisations
def test_examples_are_independent(
    row: str, normalisation: str, small: Small, waveforms: np.ndarray, signal: Signal
) -> None:
    layer = make(row, small, signal, normalisation=normalisation)
    together = layer(waveforms).numpy()
    for place, waveform in enumerate(waveforms):
        np.testing.assert_allclose(layer(waveform[None]).numpy()[0], together[place], rtol=0, atol=1e-5)
    louder = waveforms.copy()
    louder[1:] = 32767
    np.testing.assert_array_equal(layer(louder).numpy()[0], together[0])


@rows
@normalisations
def test_nominal_range(
    row: str, normalisation: str, small: Small, waveforms: np.ndarray, signal: Signal
) -> None:
    image = make(row, small, signal, normalisation=normalisation, shape=None)(waveforms).numpy()
    values = image.reshape(len(image), -1)
    if normalisation == "range":
        assert values.min() >= -1e-6
        assert values.max() <= 1 + 1e-6
        if row != "waveform":  # which need not be as loud as it can be
            np.testing.assert_allclose(values.max(axis=1), 1.0, atol=1e-6)
    else:
        np.testing.assert_allclose(values.mean(axis=1), 0.5, atol=1e-4)
        np.testing.assert_allclose(values.std(axis=1), 0.25, atol=1e-4)


@rows
@normalisations
def test_silence_is_finite(row: str, normalisation: str, small: Small, signal: Signal) -> None:
    silence = np.zeros((2, signal.samples), np.int16)
    image = make(row, small, signal, normalisation=normalisation)(silence).numpy()
    assert np.isfinite(image).all()
    if normalisation == "standard" and row != "mfcc":  # silence has cepstral coefficients: not constant
        np.testing.assert_allclose(image, 0.5, rtol=0, atol=1e-4)


@rows
def test_float_input_is_int16_scaled(row: str, small: Small, waveforms: np.ndarray, signal: Signal) -> None:
    layer = make(row, small, signal)
    expected = layer(waveforms).numpy()
    for dtype in (np.float32, np.float64):
        np.testing.assert_array_equal(layer((waveforms / 32768.0).astype(dtype)).numpy(), expected)


@rows
def test_float64_on_request(row: str, small: Small, waveforms: np.ndarray, signal: Signal) -> None:
    precise = make(row, small, signal, dtype="float64")(waveforms)
    assert precise.dtype == tf.float64
    np.testing.assert_allclose(
        make(row, small, signal)(waveforms).numpy(), precise.numpy(), rtol=0, atol=1e-3
    )


@rows
@pytest.mark.usefixtures("mixed_float16")
def test_mixed_precision_does_not_reach_it(
    row: str, small: Small, waveforms: np.ndarray, signal: Signal
) -> None:
    layer = make(row, small, signal)
    expected = make(row, small, signal, dtype="float64")(waveforms).numpy()
    inputs = keras.Input((signal.samples,), dtype="int16")
    model = keras.Model(inputs, keras.layers.Flatten()(layer(inputs)))
    assert model.output.dtype == "float16"
    assert layer(waveforms).dtype == tf.float32
    np.testing.assert_allclose(layer(waveforms).numpy(), expected, rtol=0, atol=1e-3)


@rows
def test_symbolic_is_eager(row: str, small: Small, waveforms: np.ndarray, signal: Signal) -> None:
    layer = make(row, small, signal)
    inputs = keras.Input((signal.samples,), dtype="int16")
    outputs = layer(inputs)
    assert outputs.shape == (None, *layer.shape)
    assert outputs.dtype == "float32"
    model = keras.Model(inputs, outputs)
    np.testing.assert_allclose(model(waveforms).numpy(), layer(waveforms).numpy(), rtol=0, atol=1e-5)


@images
def test_traces_with_the_fft_inside_and_no_device(
    row: str, small: Small, waveforms: np.ndarray, signal: Signal
) -> None:
    layer = make(row, small, signal)
    signature = tf.TensorSpec((None, signal.samples), tf.int16)
    function = tf.function(layer, input_signature=[signature])
    operations = function.get_concrete_function().graph.get_operations()
    assert "RFFT" in {operation.type for operation in operations}
    assert {operation.device for operation in operations} == {""}
    np.testing.assert_allclose(function(waveforms).numpy(), layer(waveforms).numpy(), rtol=0, atol=1e-5)


@rows
@normalisations
def test_config_round_trip(
    row: str, normalisation: str, small: Small, waveforms: np.ndarray, signal: Signal
) -> None:
    layer = make(row, small, signal, normalisation=normalisation, shape=None, dtype="float64")
    config = layer.get_config()
    again = Frontend.from_config(config)
    assert again.get_config() == config
    assert again.dtype_policy.name == "float64"
    np.testing.assert_array_equal(again(waveforms).numpy(), layer(waveforms).numpy())


_RELOAD = """
import sys
import keras, numpy as np
import tunebench.frontends
folder = sys.argv[1]
waveforms = np.load(f"{folder}/waveforms.npy")
for row in sys.argv[2:]:
    model = keras.models.load_model(f"{folder}/{row}.keras")
    np.save(f"{folder}/{row}.npy", model(waveforms).numpy())
"""


def test_keras_file_reloads_in_a_fresh_process(
    small: Small, waveforms: np.ndarray, signal: Signal, tmp_path: Path
) -> None:
    np.save(tmp_path / "waveforms.npy", waveforms)
    expected = {}
    for row in OF_AUDIO:
        inputs = keras.Input((signal.samples,), dtype="int16")
        model = keras.Model(inputs, make(row, small, signal)(inputs))
        model.save(tmp_path / f"{row}.keras")
        expected[row] = model(waveforms).numpy()
    source = str(Path(tunebench.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source}
    command = [sys.executable, "-c", _RELOAD, str(tmp_path), *OF_AUDIO]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for row, image in expected.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{row}.npy"), image, rtol=0, atol=1e-6)
