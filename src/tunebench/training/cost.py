"""What a configuration costs to serve, and whether that is too much."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.audio.pcm import FULL_SCALE
from tunebench.backbones import build
from tunebench.catalog.feasibility import is_estimator
from tunebench.catalog.spec import Signal, Source, Values
from tunebench.catalog.structure import Structure, structure_of
from tunebench.estimators import probabilities, size
from tunebench.features.extract import summary_features
from tunebench.training.data import TrainingData
from tunebench.training.models import EstimatorModel, NetModel
from tunebench.training.reinitialise import leaves
from tunebench.trial import Cost

if TYPE_CHECKING:
    from tunebench.space.sections import ConstraintsSection

Segment = NDArray[np.int16] | NDArray[np.float32]
_BYTES = 4
_CALLS = 5
_LONGEST_S = 0.05
"""After so long no further call is timed."""


@cache
def parameters(structure: Structure) -> int:
    """Parameters of net and head, counted on the built model."""
    return build(structure).model.count_params()


def measure(model: NetModel | EstimatorModel, one: Segment, before_ms: float = 0.0) -> Cost:
    """What a model costs. `one` segment is `(1, samples)` or `(1, columns)`; `before_ms` went into it."""
    if isinstance(model, NetModel):
        count = model.classifier.model.count_params()
        megabytes = size_mb(count)
    else:
        count, megabytes = size(model.fitted)
    return Cost(count, megabytes, round(before_ms + latency_ms(model, one), 3))


def size_mb(count: int) -> float:
    """Megabytes of so many weights in float32."""
    return count * _BYTES / 1e6


def noise(source: Source, data: TrainingData) -> Segment:
    """One segment of noise, since a front-end may take a short cut on silence."""
    rng, width = np.random.default_rng(0), data.width(source)
    if source == "waveform":
        return rng.integers(-(2**15), 2**15, (1, width), dtype=np.int16)
    return rng.standard_normal((1, width), np.float32)


def latency_ms(model: NetModel | EstimatorModel, one: Segment) -> float:
    """From one segment to its probabilities. Compiled steps take any number: nothing is traced for it."""
    if isinstance(model, NetModel):
        batch = [(tf.constant(one), tf.zeros(1, tf.int32))]
        return _median_ms(lambda: model.classifier.predict(model.frontend, batch, 1))

    def ask() -> None:
        row: Any = one if model.frontend is None else model.frontend(tf.constant(one)).numpy().reshape(1, -1)
        probabilities(model.fitted, row, model.classes)

    return _median_ms(ask)


def extraction_ms(signal: Signal) -> float:
    """From the waveform of one segment to its summary features."""
    waveform = np.random.default_rng(0).integers(-(2**15), 2**15, signal.samples) / FULL_SCALE
    return _median_ms(lambda: summary_features(waveform, signal.sample_rate_hz))


def _median_ms(call: Callable[[], object]) -> float:
    """The median of some calls after a first one."""
    call()
    taken: list[float] = []
    while len(taken) < _CALLS and sum(taken) < _LONGEST_S:
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return 1000 * statistics.median(taken)


def activation_bytes(model: keras.Model) -> int:
    """What the outputs of all layers take for one example, in the precision that each computes in.

    Counted and not measured: what this process holds tells little, since TensorFlow's allocator gives nothing
    back.
    """
    count = 0
    for layer in leaves(model):
        if not isinstance(layer, keras.layers.InputLayer):
            output: Any = layer.output
            count += math.prod(output.shape[1:]) * tf.as_dtype(layer.compute_dtype).size
    return count


def too_costly(
    constraints: ConstraintsSection,
    signal: Signal,
    *,
    classes: int,
    precision: str,
    latency_of: Callable[[Values], float | None],
) -> Callable[[Values], str | None]:
    """Says of a configuration why it breaks the constraints, or None.

    Of an estimator nothing is known before it is fitted: it is let pass, and its cost stands in the results.
    `latency_of` gives its latency (ms), or None where it cannot be run; it is asked for nothing else.
    """

    def reason(values: Values) -> str | None:
        if is_estimator(values):
            return None
        count = parameters(structure_of(values, signal, classes=classes, precision=precision))
        if constraints.max_parameters is not None and count > constraints.max_parameters:
            limit = f"constraints.max_parameters {constraints.max_parameters:,}"
            return f"it has {count:,} parameters, above {limit}"
        size = size_mb(count)
        if constraints.max_size_mb is not None and size > constraints.max_size_mb:
            return f"it takes {size:.1f} MB, above constraints.max_size_mb {constraints.max_size_mb:g}"
        if constraints.max_latency_ms is None:
            return None
        latency = latency_of(values)  # last: it builds what it measures
        return _too_slow(latency, constraints.max_latency_ms)

    return reason


def _too_slow(latency_ms: float | None, most_ms: float) -> str | None:
    if latency_ms is None:
        return "its latency cannot be measured, as constraints.max_latency_ms asks"
    if latency_ms > most_ms:
        return f"it takes {latency_ms:.3g} ms for a segment, above constraints.max_latency_ms {most_ms:g}"
    return None
