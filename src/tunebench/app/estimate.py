"""Time and memory of a search, from a few measured steps of each structure."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice

import numpy as np

from tunebench.app.corpus import prepare_data
from tunebench.app.plan import Plan
from tunebench.catalog.structure import structure_of
from tunebench.space import Experiment
from tunebench.training.pipeline import Batches
from tunebench.training.pool import Pool
from tunebench.training.trainer import scalars_of

MEASURED_STEPS = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """Costs of a whole search on this machine."""

    seconds: float
    steps_per_epoch: int
    peak_bytes: int
    store_bytes: int


def estimate(experiment: Experiment, plan: Plan) -> Estimate:
    """Decode the corpus, then compile and time each structure of a plan.

    An epoch costs its training steps and its validation steps; every structure counts by its share
    of random draws, and is compiled once.
    """
    data = prepare_data(experiment.data)
    classes, signal = len(data.corpus.classes), data.signal
    batch_size = experiment.training.batch_size
    train = Batches(data.corpus, data.segments, data.split.train, batch_size=batch_size)
    validation = Batches(data.corpus, data.segments, data.split.validation, batch_size=batch_size)
    seconds, peak = 0.0, 0
    for example, count in zip(plan.examples.values(), plan.structures.values(), strict=True):
        pool = Pool()
        structure = structure_of(example, signal, classes=classes, precision=experiment.training.precision)
        begun = time.perf_counter()
        classifier, frontend = pool.classifier(structure), pool.frontend(example, signal, structure)
        classifier.begin(scalars_of(example), experiment.search.seed)
        classifier.train(frontend, islice(train.in_order(), 1))
        classifier.predict(frontend, islice(validation.in_order(), 1), 1)
        compile_s = time.perf_counter() - begun
        trained, looked = (min(MEASURED_STEPS, side.steps) for side in (train, validation))
        step_s = _seconds(lambda c=classifier, f=frontend, n=trained: c.train(f, islice(train.in_order(), n)))
        look_s = _seconds(
            lambda c=classifier, f=frontend, n=looked: c.predict(f, islice(validation.in_order(), n), 1)
        )
        epoch_s = step_s / trained * train.steps + look_s / looked * validation.steps
        seconds += compile_s + plan.all_epochs * epoch_s * count / plan.structures.total()
        peak = max(peak, _bytes(classifier.state()) + _bytes(classifier.weights()))
    store = sum(2 * track.samples for track in data.corpus.tracks)
    return Estimate(seconds, train.steps, peak, store)


def _seconds(work) -> float:  # noqa: ANN001
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _bytes(arrays: dict[str, np.ndarray]) -> int:
    return sum(array.nbytes for array in arrays.values())
