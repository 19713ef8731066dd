"""A classifier compiled once for its structure, handed a new front-end and new scalars by each trial."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.backbones import build
from tunebench.catalog.structure import Structure
from tunebench.seeding import child_seed
from tunebench.training.adam import FusedAdam
from tunebench.training.augmentation import Augmentation
from tunebench.training.frontend import FrontendStep
from tunebench.training.reinitialise import leaves, reinitialise
from tunebench.training.runtime import as_traced

_GRAPHS_BYTES = 50 * 2**20

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Scalars:
    """What a trial may set without a new graph."""

    learning_rate: float
    dropout: float
    weight_decay: float
    label_smoothing: float
    l2: float = 0.0


class Classifier:
    """Net, optimizer and compiled steps of one structure.

    `begin` makes it a trial's own: weights from the trial's seed, optimizer at zero, scalars set.
    A trial on a used classifier equals one on a new classifier bitwise on one CPU.
    """

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.net = build(structure)
        self.model = self.net.model
        self._pretrained = [v.numpy() for v in self.net.pretrained.variables] if self.net.pretrained else []
        self._smoothing = tf.Variable(tf.zeros(()), trainable=False)
        self._decay = tf.Variable(tf.zeros(()), trainable=False)
        self._l2 = tf.Variable(tf.zeros(()), trainable=False)
        self._class_weights = tf.Variable(tf.ones(structure.classes), trainable=False)
        adam = FusedAdam()
        self._learning_rate: Any = adam.learning_rate  # a variable, since no schedule was given
        scaled = structure.precision == "mixed_float16"
        self._optimizer = keras.optimizers.LossScaleOptimizer(adam) if scaled else adam
        self._optimizer.build(self.model.trainable_variables)
        self._fresh_optimizer = [variable.numpy() for variable in self._optimizer.variables]
        inputs = tf.TensorSpec((None, *structure.input_shape), tf.float32)
        self._batch_signature = [inputs, tf.TensorSpec((None, structure.classes), tf.float32)]
        self.micro_batch: int | None = None
        """Examples at once where a whole batch does not fit: gradients are summed, statistics are theirs."""
        self._train_step = tf.function(self._step, input_signature=self._batch_signature)
        self._predict_step = tf.function(self._probabilities, input_signature=[inputs])

    @property
    def memory_bytes(self) -> int:
        """What it takes, roughly: weights, two optimizer slots and their initial values, two graphs."""
        return 20 * self.model.count_params() + _GRAPHS_BYTES

    def begin(self, scalars: Scalars, seed: int, class_weights: NDArray[np.floating] | None = None) -> None:
        """Start a trial from its own seed. `class_weights` is `(classes,)`; None weighs all alike."""
        self.micro_batch = None
        reinitialise(self.model, seed)
        if self.net.pretrained is not None:
            for variable, value in zip(self.net.pretrained.variables, self._pretrained, strict=True):
                variable.assign(value)
        for variable, value in zip(self._optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)
        for number, generator in enumerate(self._seed_generators()):
            generator.state.assign([child_seed(seed, "draws", number), 0])
        self.set_scalars(scalars)
        ones = np.ones(self.structure.classes, np.float32)
        self._class_weights.assign(ones if class_weights is None else class_weights.astype(np.float32))

    def set_scalars(self, scalars: Scalars) -> None:
        """Assign what the graph reads as variables."""
        self.learning_rate = scalars.learning_rate
        self._decay.assign(scalars.weight_decay)
        self._l2.assign(scalars.l2)
        self._smoothing.assign(scalars.label_smoothing)
        for dropout in self.net.dropouts:
            dropout.rate.assign(scalars.dropout)

    @property
    def learning_rate(self) -> float:
        """The present learning rate."""
        return float(self._learning_rate.numpy())

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate.assign(value)

    def train(
        self,
        frontend: FrontendStep,
        batches: Iterable[tuple[tf.Tensor, tf.Tensor]],
        augmentation: Augmentation | None = None,
    ) -> tuple[float, float]:
        """One epoch; its mean loss and accuracy while training."""
        steps = self._train_whole if self.micro_batch is None else self._train_in_parts
        figures = [
            steps(frontend, waveforms, tf.one_hot(labels, self.structure.classes), step, augmentation)
            for step, (waveforms, labels) in enumerate(batches)
        ]
        loss, accuracy = np.mean([[float(a), float(b)] for a, b in figures], axis=0)
        return float(loss), float(accuracy)

    def predict(
        self, frontend: FrontendStep, batches: Iterable[tuple[tf.Tensor, tf.Tensor]], count: int
    ) -> NDArray[np.float32]:
        """Probabilities `(count, classes)`; what fills up the last batch is cut off."""
        parts = [
            self._predict_step(frontend(part)).numpy()
            for waveforms, _ in batches
            for part in _parts(waveforms, self.micro_batch)
        ]
        return np.concatenate(parts)[:count]

    def state(self) -> Arrays:
        """Everything that a continuation needs, by name: weights, optimizer, random state."""
        return {name: variable.numpy() for name, variable in self._variables()}

    def weights(self) -> Arrays:
        """The net's weights alone, by name."""
        return {name: value for name, value in self.state().items() if name.startswith("model/")}

    def restore(self, arrays: Arrays) -> None:
        """Assign what `state` or `weights` gave."""
        variables = dict(self._variables())
        for name, value in arrays.items():
            variables[name].assign(value)

    def _variables(self) -> list[tuple[str, keras.Variable]]:
        named = [(f"model/{i}", v) for i, v in enumerate(self.model.weights)]
        named += [(f"optimizer/{i}", v) for i, v in enumerate(self._optimizer.variables)]
        return named + [(f"draws/{i}", g.state) for i, g in enumerate(self._seed_generators())]

    def _seed_generators(self) -> list[keras.random.SeedGenerator]:
        return [layer.seed_generator for layer in leaves(self.model) if hasattr(layer, "seed_generator")]

    def _train_whole(
        self, frontend: FrontendStep, waveforms: tf.Tensor, targets: tf.Tensor, step: int,
        augmentation: Augmentation | None,
    ) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
        if augmentation is None:
            inputs = frontend(waveforms)
        else:
            inputs = frontend(augmentation.waveforms(waveforms, step))
            inputs, targets = augmentation.inputs(inputs, targets, step)
        with as_traced():
            return self._train_step(inputs, targets)

    def _train_in_parts(
        self, frontend: FrontendStep, waveforms: tf.Tensor, targets: tf.Tensor, step: int,
        augmentation: Augmentation | None,
    ) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
        """One step whose gradients are summed over parts of the batch."""
        for total in self._sums:
            total.assign(tf.zeros_like(total))
        loss, accuracy = tf.zeros(()), tf.zeros(())
        if augmentation is not None:
            waveforms = augmentation.waveforms(waveforms, step)
        parts = zip(_parts(waveforms, self.micro_batch), _parts(targets, self.micro_batch), strict=True)
        for number, (part, part_targets) in enumerate(parts):
            share = tf.cast(len(part) / len(waveforms), tf.float32)
            inputs = frontend(part)
            if augmentation is not None:
                inputs, part_targets = augmentation.inputs(inputs, part_targets, step, number)  # noqa: PLW2901
            with as_traced():
                figures = self._sum_step(inputs, part_targets, share)
            loss, accuracy = loss + share * figures[0], accuracy + share * figures[1]
        with as_traced():
            self._apply_step()
        return loss, accuracy

    @cached_property
    def _sums(self) -> list[tf.Variable]:
        return [tf.Variable(tf.zeros(v.shape), trainable=False) for v in self.model.trainable_variables]

    @cached_property
    def _sum_step(self) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
        def add(inputs: tf.Tensor, targets: tf.Tensor, share: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            gradients, loss, accuracy = self._gradients(inputs, targets)
            for total, gradient in zip(self._sums, gradients, strict=True):
                total.assign_add(share * gradient)
            return loss, accuracy

        return tf.function(add, input_signature=[*self._batch_signature, tf.TensorSpec((), tf.float32)])

    @cached_property
    def _apply_step(self) -> Callable[[], None]:
        return tf.function(lambda: self._apply([total.read_value() for total in self._sums]))

    def _step(self, inputs: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        gradients, loss, accuracy = self._gradients(inputs, targets)
        self._apply(gradients)
        return loss, accuracy

    def _gradients(self, inputs: tf.Tensor, targets: tf.Tensor) -> tuple[Any, tf.Tensor, tf.Tensor]:
        """Gradients by trainable variable, the loss without the penalty of `l2`, and the accuracy."""
        smooth = targets * (1.0 - self._smoothing) + self._smoothing / self.structure.classes
        weights = tf.linalg.matvec(targets, self._class_weights)
        with tf.GradientTape() as tape:
            scores: Any = self.model(inputs, training=True)
            loss = tf.reduce_mean(weights * tf.nn.softmax_cross_entropy_with_logits(smooth, scores))
            scaled: Any = self._optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [variable.value for variable in self.model.trainable_variables])
        hits = tf.cast(tf.argmax(scores, axis=-1) == tf.argmax(targets, axis=-1), tf.float32)
        return gradients, loss, tf.reduce_mean(hits)

    def _apply(self, gradients: Any) -> None:
        variables = self.model.trainable_variables
        penalised: list[Any] = []
        for variable, gradient in zip(variables, gradients, strict=True):
            if len(variable.shape) > 1:  # a kernel
                slope: Any = self._optimizer.scale_loss(2.0 * self._l2 * variable)  # of l2 * sum of squares
                penalised.append(gradient + slope)
                # decoupled weight decay (Loshchilov and Hutter 2019); 0 for adam
                variable.assign_sub(variable * self._decay * self._learning_rate)
            else:
                penalised.append(gradient)
        if isinstance(self._optimizer, FusedAdam):
            self._optimizer.update_all(penalised, variables)
        else:  # scaled gradients are looked at before they are applied
            self._optimizer.apply(penalised, variables)

    def _probabilities(self, images: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(self.model(images, training=False))


def _parts(batch: tf.Tensor, size: int | None) -> Iterator[tf.Tensor]:
    """A batch whole, or in parts of at most `size` examples."""
    if size is None:
        yield batch
        return
    for begin in range(0, len(batch), size):
        yield batch[begin : begin + size]
