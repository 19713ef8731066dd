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

from tunebench.backbones import build
from tunebench.catalog.spec import Signal, Values
from tunebench.catalog.structure import Structure, structure_of
from tunebench.training.classifier import Classifier
from tunebench.training.frontend import FrontendStep
from tunebench.training.reinitialise import leaves
from tunebench.trial import Cost

if TYPE_CHECKING:
    from tunebench.space.sections import ConstraintsSection

_BYTES = 4
_CALLS = 5
_LONGEST_S = 0.05
"""After so long no further call is timed."""


@cache
def parameters(structure: Structure) -> int:
    """Parameters of net and head, counted on the built model."""
    return build(structure).model.count_params()


def measure(classifier: Classifier, frontend: FrontendStep, samples: int) -> Cost:
    """What a configuration costs. `samples` is the length of a segment."""
    count = classifier.model.count_params()
    return Cost(count, size_mb(count), round(latency_ms(classifier, frontend, samples), 3))


def size_mb(count: int) -> float:
    """Megabytes of so many weights in float32."""
    return count * _BYTES / 1e6


def latency_ms(classifier: Classifier, frontend: FrontendStep, samples: int) -> float:
    """From the waveform of one segment to its probabilities: the median of some calls after a first one.

    The compiled steps take any number of segments, so that nothing is traced for it.
    """
    noise = np.random.default_rng(0).integers(-(2**15), 2**15, (1, samples), dtype=np.int16)
    batch = [(tf.constant(noise), tf.zeros(1, tf.int32))]  # a front-end may take a short cut on silence
    classifier.predict(frontend, batch, 1)
    taken: list[float] = []
    while len(taken) < _CALLS and sum(taken) < _LONGEST_S:
        begun = time.perf_counter()
        classifier.predict(frontend, batch, 1)
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

    `latency_of` gives its latency (ms), or None where it cannot be run; it is asked for nothing else.
    """

    def reason(values: Values) -> str | None:
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
        if latency is None:
            return "its latency cannot be measured, as constraints.max_latency_ms asks"
        if latency > constraints.max_latency_ms:
            limit = f"constraints.max_latency_ms {constraints.max_latency_ms:g}"
            return f"it takes {latency:.3g} ms for a segment, above {limit}"
        return None

    return reason
