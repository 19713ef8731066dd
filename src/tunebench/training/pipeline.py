"""tf.data over a side: int16 waveforms or feature vectors, shuffled by the configuration's own seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.catalog.spec import Source
from tunebench.catalog.variants import Variant
from tunebench.errors import StorageError
from tunebench.seeding import child_rng
from tunebench.training.data import TrainingData
from tunebench.training.variants import Draws

_PREFETCHED_BATCHES = 4


class Batches:
    """Batches of one side of a split: `(waveforms int16 (batch, samples), labels int32 (batch,))`.

    Of another source than "waveform", float32 vectors `(batch, columns)` stand in the place of waveforms.
    A pass raises StorageError where decoded audio has been removed.

    The spectrogram is not computed here, since `Dataset.map` runs on the CPU whatever is inside it.
    Every batch has the same size, so that no step is traced twice: the last is topped up from the
    first of the epoch's order.
    """

    def __init__(
        self,
        data: TrainingData,
        indices: NDArray[np.integer],
        *,
        batch_size: int,
        source: Source = "waveform",
    ) -> None:
        self.data = data
        self.source: Source = source
        self.indices = np.asarray(indices, np.int64)
        self.batch_size = min(batch_size, len(self.indices)) if len(self.indices) else batch_size
        self.steps = math.ceil(len(self.indices) / self.batch_size)
        all_labels = np.asarray(data.segments.label).astype(np.int32)
        self.labels = all_labels[self.indices]
        self.tracks = np.asarray(data.segments.track)[self.indices]
        self._order = self.indices
        self._draws: Draws | None = None
        self._unreadable: StorageError | None = None
        dtype = tf.int16 if source == "waveform" else tf.float32

        def read(step: np.int64) -> tuple[NDArray[np.generic], NDArray[np.int32]]:
            chosen = self._order[step * self.batch_size : (step + 1) * self.batch_size]
            try:
                drawn = self._draws.of(chosen) if self._draws else None
                return data.read(chosen, source, drawn), all_labels[chosen]
            except StorageError as error:
                self._unreadable = error  # TensorFlow passes on no more than its text
                raise

        def load(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            examples, labels = tf.numpy_function(read, [step], (dtype, tf.int32))
            examples.set_shape((self.batch_size, data.width(source)))
            labels.set_shape((self.batch_size,))
            return examples, labels

        options = tf.data.Options()
        options.autotune.enabled = False  # nothing is left to tune, and its thread held up the end of a pass
        dataset = tf.data.Dataset.range(self.steps).map(load, num_parallel_calls=2, deterministic=True)
        dataset = dataset.with_options(options)
        devices = tf.config.list_logical_devices("GPU")
        if devices:
            dataset = dataset.apply(tf.data.experimental.prefetch_to_device(devices[0].name))
        self.dataset = dataset.prefetch(_PREFETCHED_BATCHES) if not devices else dataset

    def in_order(self) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """One pass in the order of `indices`; what fills up the last batch is to be cut off."""
        return self._read(self.indices)

    def shuffled(
        self, seed: int, epoch: int, variants: Sequence[Variant] = ()
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """One pass in an order that depends on seed and epoch alone, as does which examples are `variants`.

        Raises:
            ValueError: variants that the data does not have.
        """
        if not set(variants) <= set(self.data.variants):
            raise ValueError(f"no {set(variants) - set(self.data.variants)} was prepared")
        draws = Draws.of_epoch(variants, seed, epoch, len(self.data.segments)) if variants else None
        return self._read(child_rng(seed, "shuffle", epoch).permutation(self.indices), draws)

    def _read(
        self, order: NDArray[np.int64], draws: Draws | None = None
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        self._order, self._draws, self._unreadable = self._filled(order), draws, None
        try:
            yield from self.dataset
        except tf.errors.OpError:
            if self._unreadable is not None:
                raise self._unreadable from None
            raise

    def _filled(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.concatenate([order, order[: self.steps * self.batch_size - len(order)]])
