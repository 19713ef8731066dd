"""Random numbers of augmentations, from a seed alone."""

from __future__ import annotations

import tensorflow as tf


def each(seed: tf.Tensor, count: int) -> tf.Tensor:
    """So many seeds of one, `(count, 2)`."""
    return tf.random.split(seed, count)


def one_each(batch: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A number in [0, 1) for each example, `(batch, 1, ...)` of the batch's rank."""
    return tf.random.stateless_uniform(_per_example(batch), seed, dtype=batch.dtype)


def normal(batch: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A number of mean 0 and deviation 1 for each value of the batch."""
    return tf.random.stateless_normal(tf.shape(batch), seed, dtype=batch.dtype)


def beta(batch: tf.Tensor, alpha: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A number of Beta(alpha, alpha) for each example, of the batch's rank.

    It is the share of one Gamma(alpha) in two. They are drawn as logarithms, since a small alpha has gammas
    that no float can hold: Gamma(alpha) is Gamma(alpha + 1) times U ** (1 / alpha).
    """
    shape, seeds = _per_example(batch), each(seed, 4)

    def log_gamma(first: int) -> tf.Tensor:
        above = tf.random.stateless_gamma(shape, seeds[first], alpha + 1.0, dtype=batch.dtype)
        even = tf.random.stateless_uniform(shape, seeds[first + 1], minval=1e-7, dtype=batch.dtype)
        return tf.math.log(above) + tf.math.log(even) / alpha

    return tf.sigmoid(log_gamma(0) - log_gamma(2))


def _per_example(batch: tf.Tensor) -> tf.Tensor:
    ones = tf.ones(len(batch.shape) - 1, tf.int32)
    return tf.concat([tf.shape(batch)[:1], ones], axis=0)
