"""Augmentations of what the net receives together with its targets, `(batch, classes)`."""

from __future__ import annotations

import tensorflow as tf

from tunebench.augmentations.draws import beta, each


def mixup(
    inputs: tf.Tensor, targets: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Each example mixed with another of its batch by a share of Beta(strength, strength), targets too.

    Source: Zhang et al. 2018.
    """
    seeds = each(seed, 2)
    share = tf.maximum(own := beta(inputs, strength, seeds[0]), 1.0 - own)  # an example stays mostly itself
    places = tf.random.stateless_uniform(tf.shape(inputs)[:1], seeds[1])
    partners = tf.argsort(places)
    flat = tf.reshape(share, [-1, 1])
    mixed = share * inputs + (1.0 - share) * tf.gather(inputs, partners)
    return mixed, flat * targets + (1.0 - flat) * tf.gather(targets, partners)
