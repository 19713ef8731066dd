"""Writing a bundle: the served model in two forms, an example, and the proof that they agree."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import tunebench
from tunebench.audio.pcm import FULL_SCALE
from tunebench.catalog.spec import Signal, Values
from tunebench.catalog.structure import Structure
from tunebench.export import parity
from tunebench.export.folders import written_whole
from tunebench.export.layout import DESCRIPTION, EXAMPLE, KERAS, PROBABILITIES, SAVEDMODEL, WAVEFORM, Bundle
from tunebench.export.serving_model import compose, save_keras, save_savedmodel
from tunebench.training.classifier import Classifier
from tunebench.training.frontend import compile_frontend, frontend_layer


def write(
    directory: Path,
    *,
    classifier: Classifier,
    values: Values,
    signal: Signal,
    classes: Sequence[str],
    segment_hop_s: float,
    info: Mapping[str, Any],
    examples: NDArray[np.int16],
) -> Bundle:
    """Export a trained classifier with its front-end, and prove it in a fresh process.

    `directory` takes its name only when all is written and within tolerance; a bundle that stood there
    before is replaced then, and not earlier.

    Args:
        directory: the bundle's folder.
        classifier: with the weights to export.
        values: the configuration.
        signal: the segments that it was trained on.
        classes: names, in the order of the scores.
        segment_hop_s: step between windows of a longer file (s).
        info: anything that JSON can hold, kept under `info`.
        examples: a few real segments `(n, samples)`, with which the exported models are compared.

    Raises:
        ParityError: a reloaded model gives other probabilities.
        StorageError: the folder cannot be written.
    """
    if examples.dtype != np.int16 or examples.shape[1:] != (signal.samples,) or not len(examples):
        raise ValueError(
            f"examples must be int16 (n, {signal.samples}) with n > 0. "
            f"Received: {examples.dtype} {examples.shape}"
        )
    bundle = Bundle(
        folder=directory,
        classes=tuple(classes),
        sample_rate_hz=signal.sample_rate_hz,
        segment_samples=signal.samples,
        hop_samples=max(1, round(segment_hop_s * signal.sample_rate_hz)),
        values=values,
        structure=_described(classifier.structure),
        parity={"tolerance": _tolerance(classifier.structure.precision), "examples": len(examples)},
        versions=_versions(),
        info=info,
    )
    with written_whole(directory) as folder:
        write_models(folder, classifier=classifier, values=values, signal=signal, examples=examples)
        (differences,) = parity.measure([folder])
        parity.check(differences, bundle.parity["tolerance"], directory)
        bundle = replace(bundle, parity={**bundle.parity, **differences})
        text = json.dumps(bundle.described(), indent=2, allow_nan=False) + "\n"
        (folder / DESCRIPTION).write_text(text, encoding="utf-8")
    return bundle


def write_models(
    folder: Path, *, classifier: Classifier, values: Values, signal: Signal, examples: NDArray[np.int16]
) -> None:
    """The models of a bundle and their example, not compared with each other yet; arguments as in `write`."""
    frontend = frontend_layer(values, signal, classifier.structure)
    served = compose(classifier, frontend, signal)
    save_keras(served, folder / KERAS)
    save_savedmodel(served, folder / SAVEDMODEL)
    probabilities = _as_trained(classifier, frontend, examples)
    np.savez(folder / EXAMPLE, **{WAVEFORM: examples / np.float32(FULL_SCALE), PROBABILITIES: probabilities})


def _as_trained(
    classifier: Classifier, frontend: keras.Layer, examples: NDArray[np.int16]
) -> NDArray[np.float32]:
    """Probabilities by the steps of training: the compiled front-end on int16, then the classifier's own."""
    step = compile_frontend(frontend, examples.shape[1])
    labels = tf.zeros(len(examples), tf.int32)
    with _full_float32():
        return classifier.predict(step, [(tf.constant(examples), labels)], len(examples))


@contextmanager
def _full_float32() -> Iterator[None]:
    """Without TF32, whose 10-bit mantissa on NVIDIA cards would drown the comparison with the CPU."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def _tolerance(precision: str) -> float:
    across = parity.TOLERANCE_ACROSS_DEVICES if tf.config.list_physical_devices("GPU") else 0.0
    return max(parity.TOLERANCE[precision], across)


def _described(structure: Structure) -> dict[str, Any]:
    return asdict(structure) | {"key": structure.key, "backbone_params": dict(structure.backbone_params)}


def _versions() -> dict[str, str]:
    return {
        "tunebench": tunebench.__version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }
