"""Time and memory of a search, from a few measured steps of each structure."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from tunebench.app.corpus import prepare_data, wants_features
from tunebench.app.plan import Plan
from tunebench.catalog.spec import Values
from tunebench.catalog.structure import Structure, structure_of
from tunebench.space import Experiment
from tunebench.training.cost import activation_bytes
from tunebench.training.net_training import scalars_of
from tunebench.training.pool import Pool
from tunebench.training.runtime import set_up
from tunebench.training.sides import Sides
from tunebench.training.variants import variants_in

MEASURED_STEPS = 3


@dataclass(frozen=True, slots=True)
class StructureCost:
    """What a net of one structure costs on this machine, with one of its front-ends."""

    compile_s: float
    epoch_s: float
    state_bytes: int
    """Weights, gradients and optimizer."""
    activation_bytes: int
    """Outputs of all layers for one batch, which a training step keeps for its gradients."""

    @property
    def peak_bytes(self) -> int:
        """Both together: what a training step needs at least."""
        return self.state_bytes + self.activation_bytes


@dataclass(frozen=True, slots=True)
class Estimate:
    """Costs of a whole search on this machine."""

    seconds: float
    steps_per_epoch: int
    store_bytes: int
    structures: dict[Structure, StructureCost]

    @property
    def peak_bytes(self) -> int:
        """Of the structure that needs most."""
        return max((cost.peak_bytes for cost in self.structures.values()), default=0)


def estimate(experiment: Experiment, plan: Plan) -> Estimate:
    """Decode the corpus, then compile and time each structure of a plan.

    An epoch costs its training steps and its validation steps; every structure counts by its share
    of random draws, and is compiled once.
    """
    set_up()
    data = prepare_data(experiment.data, features=wants_features(experiment.space))
    classes, signal = len(data.corpus.classes), data.signal
    sides = Sides(data, experiment.training.batch_size)
    costs: dict[Structure, StructureCost] = {}
    seconds = 0.0
    for planned, example in plan.examples.items():
        structure = structure_of(example, signal, classes=classes, precision=experiment.training.precision)
        cost = _measure(structure, example, sides, experiment.search.seed)
        share = plan.structures[planned] / plan.drawn
        seconds += cost.compile_s + plan.all_epochs * cost.epoch_s * share
        costs[planned] = cost
    heard = replace(data, variants=variants_in(experiment.space))
    store = sum(2 * samples for _, samples in heard.audio())
    steps = math.ceil(len(data.split.train) / experiment.training.batch_size)
    return Estimate(seconds, steps, store, costs)


def _measure(structure: Structure, example: Values, sides: Sides, seed: int) -> StructureCost:
    pool, signal = Pool(), sides.data.signal
    train, validation = sides.train(example), sides.validation(example)
    begun = time.perf_counter()
    classifier = pool.classifier(structure)
    frontend = pool.frontend(example, signal, structure, sides.scaling)
    augmentation = pool.augmentation(example, signal, structure)
    classifier.begin(scalars_of(example), seed)
    classifier.train(frontend, islice(train.in_order(), 1), augmentation)
    classifier.predict(frontend, islice(validation.in_order(), 1), 1)
    compile_s = time.perf_counter() - begun
    trained, looked = (min(MEASURED_STEPS, side.steps) for side in (train, validation))
    step_s = _seconds(lambda: classifier.train(frontend, islice(train.in_order(), trained), augmentation))
    look_s = _seconds(lambda: classifier.predict(frontend, islice(validation.in_order(), looked), 1))
    return StructureCost(
        compile_s=compile_s,
        epoch_s=step_s / trained * train.steps + look_s / looked * validation.steps,
        state_bytes=_bytes(classifier.state()) + _bytes(classifier.weights()),
        activation_bytes=train.batch_size * activation_bytes(classifier.model),
    )


def _seconds(work) -> float:  # noqa: ANN001
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _bytes(arrays: dict[str, np.ndarray]) -> int:
    return sum(array.nbytes for array in arrays.values())
