"""The front-end, the net and the softmax as one Keras model: waveform in, probabilities out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import keras
import tensorflow as tf

from tunebench.audio.pcm import FULL_SCALE
from tunebench.backbones import build
from tunebench.catalog.backbones import BACKBONES
from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.spec import load_builder
from tunebench.export.forms import WINDOWS
from tunebench.export.layout import FEATURES, IMAGE, PROBABILITIES, WAVEFORM, Bundle
from tunebench.frontends.frontend import Frontend
from tunebench.frontends.vectors import Standardise
from tunebench.training.classifier import Classifier


def compose(
    classifier: Classifier, frontend: keras.Layer, width: int, temperature: float = 1.0
) -> keras.Model:
    """One functional model: `waveform` float32 `(batch, width)` in [-1, 1] to `probabilities`.

    A front-end of vectors makes it one of `features` `(batch, width)`. Scores are divided by `temperature`.
    The net is a float32 twin with the classifier's weights: a pooled classifier gains no second use, and
    a net trained in mixed precision is served in float32, which every format and every CPU runs well.
    """
    name = FEATURES if isinstance(frontend, Standardise) else WAVEFORM
    given = keras.Input((width,), dtype="float32", name=name)
    scores = _float32_twin(classifier)(frontend(given))
    if temperature != 1.0:
        scores = keras.layers.Rescaling(1.0 / temperature, dtype="float32", name="temperature")(scores)
    probabilities = keras.layers.Softmax(dtype="float32", name=PROBABILITIES)(scores)  # (batch, classes)
    return keras.Model(given, probabilities, name="served")


def save_keras(model: keras.Model, path: Path) -> None:
    """Write a `.keras` file; `load_keras` reads it."""
    model.save(path)


def load_keras(path: Path) -> keras.Model:
    """Read a `.keras` file, once the classes of all its layers are known to Keras."""
    for row in (*FRONTENDS.values(), *BACKBONES.values()):
        load_builder(row.builder)
    model: Any = keras.saving.load_model(path, compile=False)
    return model


def save_savedmodel(model: keras.Model, folder: Path, bundle: Bundle) -> None:
    """Write a SavedModel that needs nothing but TensorFlow.

    Its signatures, of a model of waveforms, each for any batch, float32 in [-1, 1] at the bundle's rate:

    - `serving_default`: `waveform` `(batch, samples)` of any length, cut into windows as in training, to the
      mean `probabilities` `(batch, classes)`;
    - `windows`: `waveform` `(batch, segment_samples)` to `probabilities` `(batch, classes)`;
    - `image`: the same to what the net receives;
    - `serve_wav`: `wav` `(batch,)`, the bytes of 16-bit WAV files at the bundle's rate, to `probabilities`.

    A model of vectors has `serving_default` alone, `(batch, columns)` to `probabilities`.
    """
    given = model.inputs[0]
    fixed = tf.TensorSpec((None, given.shape[1]), tf.float32, name=given.name)
    archive: Any = keras.export.ExportArchive()  # typed for all of Keras's backends at once
    archive.track(model)

    def ask(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {PROBABILITIES: cast("tf.Tensor", model(inputs, training=False))}

    if given.name == FEATURES:
        archive.add_endpoint("serving_default", ask, input_signature=[fixed])
    else:
        recording = Recording(model, bundle)
        any_length = tf.TensorSpec((None, None), tf.float32, name=WAVEFORM)
        archive.add_endpoint(
            "serving_default",
            lambda waveform: {PROBABILITIES: recording.classify(waveform)},
            input_signature=[any_length],
        )
        archive.add_endpoint(WINDOWS, ask, input_signature=[fixed])
        images = images_of(model)
        archive.add_endpoint(IMAGE, lambda waveform: {IMAGE: images(waveform)}, input_signature=[fixed])
        archive.add_endpoint(
            "serve_wav",
            lambda wav: {PROBABILITIES: recording.classify_wav(wav)},
            input_signature=[tf.TensorSpec((None,), tf.string, name="wav")],
        )
    archive.write_out(str(folder), verbose=False)


def images_of(served: keras.Model) -> keras.Model:
    """The front-end alone: `waveform` to what the net receives."""
    frontend = next(layer for layer in served.layers if isinstance(layer, Frontend))
    return keras.Model(served.inputs, frontend.output)


class Recording:
    """Whole recordings in the graph: windows as `audio.segments.segment_starts` cuts them, one after another.

    Memory does not grow with the recording beyond its own samples.
    """

    def __init__(self, model: keras.Model, bundle: Bundle) -> None:
        self._model, self._rate_hz = model, bundle.sample_rate_hz
        self._length, self._hop = bundle.segment_samples, bundle.hop_samples

    def classify(self, waveform: tf.Tensor) -> tf.Tensor:
        """`(batch, samples)` to the mean of the windows' probabilities, `(batch, classes)`."""
        length, hop = self._length, self._hop
        samples = tf.shape(waveform)[1]
        whole = tf.maximum(samples - length, 0) // hop + 1
        tail = whole * hop
        is_new = samples > tail - hop + length
        half_full = 2 * (samples - tail) >= length
        windows = whole + tf.cast(tf.logical_and(is_new, half_full), tf.int32)
        missing = (windows - 1) * hop + length - samples
        behind = tf.zeros([tf.shape(waveform)[0], tf.maximum(missing, 0)])
        padded = tf.concat([waveform, behind], axis=1)

        def window(number: tf.Tensor) -> tf.Tensor:
            cut = padded[:, number * hop : number * hop + length]
            return cast("tf.Tensor", self._model(tf.ensure_shape(cut, (None, length)), training=False))

        probabilities = tf.map_fn(window, tf.range(windows), fn_output_signature=tf.float32)
        return tf.reduce_mean(probabilities, axis=0)

    def classify_wav(self, files: tf.Tensor) -> tf.Tensor:
        """The bytes of WAV files, `(batch,)`, to `(batch, classes)`; another sample rate is an error."""

        def one(content: tf.Tensor) -> tf.Tensor:
            audio, rate_hz = tf.audio.decode_wav(content)  # (samples, channels), multiples of 2**-15
            same = tf.debugging.assert_equal(
                rate_hz, self._rate_hz, message=f"serve_wav: send WAV files at {self._rate_hz} Hz"
            )
            with tf.control_dependencies([same] if same is not None else []):
                mono = tf.round(tf.reduce_mean(audio, axis=1) * FULL_SCALE) / FULL_SCALE
            return self.classify(mono[None])[0]

        return tf.map_fn(one, files, fn_output_signature=tf.float32)


def _float32_twin(classifier: Classifier) -> keras.Model:
    """The classifier's net under a float32 policy, on variables of its own.

    No weights file is read for it: its weights are the trained ones.
    """
    params = dict(classifier.structure.backbone_params)
    if "weights" in params:
        params["weights"] = "random"
    net = build(replace(classifier.structure, precision="float32", backbone_params=tuple(params.items())))
    net.model.set_weights(classifier.model.get_weights())
    return net.model
