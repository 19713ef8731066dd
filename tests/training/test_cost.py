from __future__ import annotations

import time

import keras
import numpy as np
import pytest
from tests.training.configurations import values

from tunebench.catalog.spec import Signal
from tunebench.catalog.structure import step_key, structure_of
from tunebench.space.sections import ConstraintsSection
from tunebench.training.cost import activation_bytes, measure, too_costly
from tunebench.training.models import NetModel
from tunebench.training.pool import Pool

SIGNAL = Signal(8000, 4000)


def never(values):
    raise AssertionError("a latency was measured that nobody asked for")


def asked(latency_of=never, **constraints: float):
    section = ConstraintsSection(**constraints)
    return too_costly(section, SIGNAL, classes=3, precision="float32", latency_of=latency_of)


def test_a_net_within_the_constraints() -> None:
    assert asked(max_parameters=10_000, max_size_mb=1.0)(values()) is None


@pytest.mark.parametrize(
    ("constraint", "said"),
    [({"max_parameters": 300}, "parameters, above constraints.max_parameters 300"),
     ({"max_size_mb": 0.001}, "MB, above constraints.max_size_mb 0.001")],
)  # fmt: skip
def test_a_net_beyond_them(constraint: dict[str, float], said: str) -> None:
    reason = asked(**constraint)(values())
    assert reason is not None
    assert said in reason


def test_the_head_counts() -> None:
    small, wide = values(dense_units=0), values(dense_units=512)
    limit = asked(max_parameters=2_000)
    assert limit(small) is None
    assert limit(wide) is not None


@pytest.mark.parametrize(
    ("latency", "said"),
    [(4.9, None), (5.0, None), (5.13, "it takes 5.13 ms for a segment, above constraints.max_latency_ms 5"),
     (None, "its latency cannot be measured")],
)  # fmt: skip
def test_latency(latency: float | None, said: str | None) -> None:
    reason = asked(lambda values: latency, max_latency_ms=5.0)(values())
    assert (reason is None) == (said is None)
    assert said is None or (reason is not None and said in reason)


def test_what_is_too_large_is_not_measured() -> None:
    assert asked(never, max_parameters=300, max_latency_ms=5.0)(values()) is not None


def test_measuring_traces_nothing_new_and_takes_a_moment() -> None:
    structure = structure_of(values(), SIGNAL, classes=3, precision="float32")
    pool = Pool()
    classifier, frontend = pool.classifier(structure), pool.frontend(values(), SIGNAL, structure)
    model, one = NetModel(classifier, frontend), np.zeros((1, SIGNAL.samples), np.int16)
    cost = measure(model, one)
    steps = (classifier._predict_step, frontend)
    before = [step.experimental_get_tracing_count() for step in steps]
    begun = time.perf_counter()
    again = measure(model, one)
    assert time.perf_counter() - begun < 0.5  # 0.15 where nobody else is at work
    assert [step.experimental_get_tracing_count() for step in steps] == before == [1, 1]
    assert (cost.parameters, cost.size_mb) == (again.parameters, again.size_mb)
    assert cost.parameters == classifier.model.count_params()
    assert cost.size_mb == pytest.approx(4e-6 * cost.parameters)
    assert cost.latency_ms > 0


def test_what_a_latency_depends_on() -> None:
    def key(**changed):
        found = values(**changed)
        return step_key(structure_of(found, SIGNAL, classes=3, precision="float32").key, found)

    assert key() == key(learning_rate=1e-5, dropout=0.0)
    others = (
        {"spectrogram.mel.n_mels": 32},
        {"dense_units": 16},
        {"normalisation": "range"},
        {"image_size": 32},
    )
    assert len({key(), *(key(**changed) for changed in others)}) == 5


def test_activations_are_the_outputs_of_all_layers() -> None:
    inputs = keras.Input((8, 8, 1))
    inner = keras.Sequential([keras.layers.Conv2D(4, 3, padding="same"), keras.layers.MaxPooling2D()])
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inner(inputs))))
    assert activation_bytes(model) == 4 * (8 * 8 * 4 + 4 * 4 * 4 + 4 * 4 * 4 + 3)
