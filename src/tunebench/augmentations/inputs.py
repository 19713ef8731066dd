"""Augmentations of what the net receives: images `(batch, height, width, channels)`, sequences
`(batch, steps, channels)`.

Source: SpecAugment (Park et al. 2019), without its time warp.
"""

from __future__ import annotations

import tensorflow as tf

from tunebench.augmentations.draws import each, one_each

MASKS = 2


def frequency_mask(inputs: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Two bands of each image at its mean, each of up to a share `strength` of its height.

    Sequences have no frequencies and stay as they are.
    """
    return inputs if len(inputs.shape) == 3 else _masked(inputs, 1, strength, seed)


def time_mask(inputs: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Two stretches of each example at its mean, each of up to a share `strength` of its width."""
    return _masked(inputs, len(inputs.shape) - 2, strength, seed)


def _masked(inputs: tf.Tensor, axis: int, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    others = list(range(1, len(inputs.shape)))
    mean = tf.reduce_mean(inputs, axis=others, keepdims=True)
    count = tf.shape(inputs)[axis]
    shape = [count if place == axis else 1 for place in range(len(inputs.shape))]
    places = tf.reshape(tf.range(count, dtype=inputs.dtype) + 0.5, shape) / tf.cast(count, inputs.dtype)
    seeds = each(seed, 2 * MASKS)
    for mask in range(MASKS):
        width = strength * one_each(inputs, seeds[2 * mask])
        begin = (1.0 - width) * one_each(inputs, seeds[2 * mask + 1])
        inputs = tf.where((places >= begin) & (places < begin + width), mean, inputs)
    return inputs
