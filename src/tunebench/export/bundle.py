"""Writing a bundle: the served model, an example, and the proof that they agree."""

from __future__ import annotations

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
from tunebench.catalog.feasibility import source_of
from tunebench.catalog.spec import Signal, Values
from tunebench.catalog.structure import Structure
from tunebench.estimators import probabilities
from tunebench.export import layout, parity
from tunebench.export.card import describe
from tunebench.export.estimator_files import save_estimator
from tunebench.export.examples import Examples
from tunebench.export.folders import written_whole
from tunebench.export.layout import KERAS, SAVEDMODEL, Bundle
from tunebench.export.reference import write_reference
from tunebench.export.serving_model import compose, save_keras, save_savedmodel
from tunebench.frontends.vectors import Scaling
from tunebench.metrics.calibration import at_temperature
from tunebench.training.classifier import Classifier
from tunebench.training.frontend import compile_frontend, frontend_layer
from tunebench.training.models import EstimatorModel, NetModel


def write(
    directory: Path,
    *,
    model: NetModel | EstimatorModel,
    structure: Structure,
    values: Values,
    signal: Signal,
    classes: Sequence[str],
    segment_hop_s: float,
    info: Mapping[str, Any],
    examples: Examples,
    columns: Sequence[str] = (),
    scaling: Scaling | None = None,
    temperature: float = 1.0,
) -> Bundle:
    """Export a trained model with its front-end, and prove it in a fresh process.

    `directory` takes its name only when all is written and within tolerance; a bundle that stood there
    before is replaced then, and not earlier.

    Args:
        directory: the bundle's folder.
        model: what to export.
        structure: of the model.
        values: the configuration.
        signal: the segments that it was trained on.
        classes: names, in the order of the scores.
        segment_hop_s: step between windows of a longer file (s).
        info: anything that JSON can hold, kept under `info`.
        examples: a few real segments, with which the exported models are compared.
        columns: names of the columns, of a model of feature vectors.
        scaling: of those vectors, for a net.
        temperature: that the probabilities are to be taken at.

    Raises:
        ParityError: a reloaded model gives other probabilities.
        StorageError: the folder cannot be written.
    """
    examples.check(signal.samples)
    clips, examples = examples, examples.with_hard_cases()
    bundle = Bundle(
        folder=directory,
        classes=tuple(classes),
        sample_rate_hz=signal.sample_rate_hz,
        segment_samples=signal.samples,
        hop_samples=max(1, round(segment_hop_s * signal.sample_rate_hz)),
        values=values,
        structure=_described(structure),
        parity={"tolerance": _tolerance(model, structure), "examples": len(examples.inputs)},
        versions=_versions(),
        info=info,
        input=source_of(values),
        columns=tuple(columns),
        temperature=temperature,
    )
    with written_whole(directory) as folder:
        frontend = _frontend(model, structure, values, signal, scaling)
        describe(bundle, folder)  # what reloads the models reads it
        write_models(folder, bundle, model=model, frontend=frontend, examples=examples)
        write_reference(folder, bundle, clips)
        (differences,) = parity.measure([folder])
        parity.check(differences, bundle.parity["tolerance"], directory)
        describe(replace(bundle, parity={**bundle.parity, **differences}), folder)
    return layout.read(directory)


def write_models(
    folder: Path,
    bundle: Bundle,
    *,
    model: NetModel | EstimatorModel,
    frontend: keras.Layer | None,
    examples: Examples,
) -> None:
    """The models of a bundle and their example, not compared with each other yet.

    `frontend` is what the model stands behind; an estimator of vectors stands behind none.
    """
    inputs, temperature = examples.inputs, bundle.temperature
    if isinstance(model, EstimatorModel):
        save_estimator(folder, model.fitted, frontend, inputs.shape[1])
        columns: Any = inputs if frontend is None else _flat(frontend, inputs)
        said = probabilities(model.fitted, columns, model.classes)
    else:
        assert frontend is not None
        served = compose(model.classifier, frontend, inputs.shape[1], temperature)
        save_keras(served, folder / KERAS)
        save_savedmodel(served, folder / SAVEDMODEL, bundle)
        said = _as_trained(model.classifier, frontend, inputs)
    examples.save(folder, said if temperature == 1.0 else at_temperature(said, temperature))


def _frontend(
    model: NetModel | EstimatorModel,
    structure: Structure,
    values: Values,
    signal: Signal,
    scaling: Scaling | None,
) -> keras.Layer | None:
    if isinstance(model, EstimatorModel) and model.frontend is None:
        return None
    return frontend_layer(values, signal, structure, scaling)


def _flat(frontend: keras.Layer, inputs: NDArray[Any]) -> NDArray[np.float32]:
    """What an estimator receives of waveforms: `(n, columns)`."""
    return compile_frontend(frontend, inputs.shape[1])(tf.constant(inputs)).numpy().reshape(len(inputs), -1)


def _as_trained(
    classifier: Classifier, frontend: keras.Layer, inputs: NDArray[np.int16] | NDArray[np.float32]
) -> NDArray[np.float32]:
    """Probabilities by the steps of training: the compiled front-end, then the classifier's own."""
    step = compile_frontend(frontend, inputs.shape[1])
    labels = tf.zeros(len(inputs), tf.int32)
    with _full_float32():
        return classifier.predict(step, [(tf.constant(inputs), labels)], len(inputs))


@contextmanager
def _full_float32() -> Iterator[None]:
    """Without TF32, whose 10-bit mantissa on NVIDIA cards would drown the comparison with the CPU."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def _tolerance(model: NetModel | EstimatorModel, structure: Structure) -> float:
    if isinstance(model, EstimatorModel):
        return parity.TOLERANCE_OF_VECTORS if model.frontend is None else parity.TOLERANCE_OF_STEPS
    across = parity.TOLERANCE_ACROSS_DEVICES if tf.config.list_physical_devices("GPU") else 0.0
    return max(parity.TOLERANCE[structure.precision], across)


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
