"""Augmentations of waveforms, `(batch, samples)` float32 in [-1, 1], to the same shape."""

from __future__ import annotations

import tensorflow as tf

from tunebench.augmentations.draws import each, normal, one_each


def gain_db(waveforms: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Each example times a gain drawn evenly from `-strength..strength` dB."""
    drawn_db = strength * (2.0 * one_each(waveforms, seed) - 1.0)
    return waveforms * tf.pow(10.0, drawn_db / 20.0)


def polarity(waveforms: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A share `strength` of the examples with its sign turned."""
    return tf.where(one_each(waveforms, seed) < strength, -waveforms, waveforms)


def time_shift(waveforms: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Each example turned by up to `strength` samples either way, its end before its beginning."""
    samples = tf.shape(waveforms)[1]
    drawn = strength * (2.0 * one_each(waveforms, seed) - 1.0)  # (batch, 1)
    places = tf.range(samples)[None, :] - tf.cast(tf.round(drawn), tf.int32)
    return tf.gather(waveforms, tf.math.floormod(places, samples), axis=1, batch_dims=1)


def noise_snr_db(waveforms: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """White noise in half of the examples, its power `strength` dB below the example's own."""
    seeds = each(seed, 2)
    power = tf.reduce_mean(tf.square(waveforms), axis=1, keepdims=True)
    noise = normal(waveforms, seeds[0])
    level = tf.sqrt(power * tf.pow(10.0, -strength / 10.0))
    return tf.where(one_each(waveforms, seeds[1]) < 0.5, waveforms + level * noise, waveforms)
