"""The augmentations of a trial, compiled once for a set of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from tunebench.audio.pcm import FULL_SCALE
from tunebench.catalog.augmentations import AUGMENTATIONS
from tunebench.catalog.spec import Signal, Stage, load_builder
from tunebench.catalog.structure import Structure
from tunebench.training.runtime import as_traced

_PARTS = 2**16
"""More than a batch has parts, so that no two have one seed."""


class Augmentation:
    """What is done to a training batch: nothing without `names`.

    Strengths are variables. Draws depend on the epoch's seed and the step alone, so that a trial goes on
    anywhere as if never stopped.
    """

    def __init__(self, names: Sequence[str], signal: Signal, structure: Structure) -> None:
        self._signal = signal
        self._strengths = {name: tf.Variable(tf.zeros(()), trainable=False) for name in names}
        self._functions = {name: load_builder(AUGMENTATIONS[name].builder) for name in names}
        self._epoch_seed = 0
        seed = tf.TensorSpec((2,), tf.int32)
        waveforms = tf.TensorSpec((None, signal.samples), tf.int16)
        inputs = tf.TensorSpec((None, *structure.input_shape), tf.float32)
        targets = tf.TensorSpec((None, structure.classes), tf.float32)
        self._names = {stage: self._of(names, stage) for stage in ("waveforms", "inputs", "pairs")}
        self._waveforms = tf.function(self._on_waveforms, input_signature=[waveforms, seed])
        self._inputs = tf.function(self._on_inputs, input_signature=[inputs, targets, seed])

    def begin(self, strengths: Mapping[str, float]) -> None:
        """Set a trial's strengths, in the units of the catalog."""
        for name, strength in strengths.items():
            per_unit = self._signal.sample_rate_hz if AUGMENTATIONS[name].spec.unit == "s" else 1.0
            self._strengths[name].assign(strength * per_unit)

    def begin_epoch(self, seed: int) -> None:
        """Set the seed of an epoch's draws."""
        self._epoch_seed = seed

    def waveforms(self, waveforms: tf.Tensor, step: int) -> tf.Tensor:
        """A whole batch `(batch, samples)` int16, before the front-end; what overflows is cut."""
        if not self._names["waveforms"]:
            return waveforms
        with as_traced():
            return self._waveforms(waveforms, self._seed(step, 0))

    def inputs(
        self, inputs: tf.Tensor, targets: tf.Tensor, step: int, part: int = 0
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """What the front-end made of a batch or a part of it, and its targets `(batch, classes)`."""
        if not self._names["inputs"] and not self._names["pairs"]:
            return inputs, targets
        with as_traced():
            return self._inputs(inputs, targets, self._seed(step, 1 + part))

    def _of(self, names: Sequence[str], stage: Stage) -> list[str]:
        return [name for name in names if AUGMENTATIONS[name].stage == stage]

    def _seed(self, step: int, part: int) -> tf.Tensor:
        return tf.constant([self._epoch_seed, step * _PARTS + part], tf.int32)

    def _on_waveforms(self, waveforms: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        values = tf.cast(waveforms, tf.float32) / FULL_SCALE
        for place, name in enumerate(self._names["waveforms"]):
            own = tf.random.fold_in(seed, place)
            values = self._functions[name](values, self._strengths[name], own)
        limits = np.iinfo(np.int16)
        whole = tf.round(values * FULL_SCALE)
        return tf.cast(tf.clip_by_value(whole, limits.min, limits.max), tf.int16)

    def _on_inputs(
        self, inputs: tf.Tensor, targets: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        for place, name in enumerate([*self._names["inputs"], *self._names["pairs"]]):
            own, strength = tf.random.fold_in(seed, place), self._strengths[name]
            function = self._functions[name]
            if AUGMENTATIONS[name].stage == "pairs":
                inputs, targets = function(inputs, targets, strength, own)
            else:
                inputs = function(inputs, strength, own)
        return inputs, targets
