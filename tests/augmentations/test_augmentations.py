"""What each augmentation does to a signal that is known."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tunebench.augmentations.inputs import frequency_mask, time_mask
from tunebench.catalog.augmentations import AUGMENTATIONS
from tunebench.catalog.spec import load_builder

SEED = tf.constant([3, 5], tf.int32)
EXAMPLES, SAMPLES, CLASSES = 400, 800, 4


@pytest.fixture(scope="module")
def tones() -> tf.Tensor:
    """One tone for each example, each at its own level."""
    levels = np.linspace(0.01, 0.3, EXAMPLES)[:, None]
    return tf.constant(levels * np.sin(2 * np.pi * 0.05 * np.arange(SAMPLES)), tf.float32)


def apply(name: str, batch: tf.Tensor, strength: float, seed: tf.Tensor = SEED) -> tuple[np.ndarray, ...]:
    row = AUGMENTATIONS[name]
    targets = (tf.one_hot(np.arange(len(batch)) % CLASSES, CLASSES),) if row.stage == "pairs" else ()
    made = load_builder(row.builder)(batch, *targets, tf.constant(strength), seed)
    return tuple(np.asarray(part) for part in (made if isinstance(made, tuple) else (made,)))


def test_gain_is_even_over_its_range(tones: tf.Tensor) -> None:
    (louder,) = apply("gain_db", tones, 6.0)
    change_db = 20 * np.log10(louder.std(axis=1) / tones.numpy().std(axis=1))
    assert np.abs(change_db).max() <= 6.0 + 1e-3
    assert change_db.min() < -5.8
    assert change_db.max() > 5.8
    assert change_db.mean() == pytest.approx(0.0, abs=0.5)


def test_polarity_turns_its_share(tones: tf.Tensor) -> None:
    (turned,) = apply("polarity", tones, 0.25)
    signs = np.sum(turned * tones.numpy(), axis=1) / np.sum(tones.numpy() ** 2, axis=1)
    np.testing.assert_allclose(np.abs(signs), 1.0, rtol=1e-5)
    assert (signs < 0).mean() == pytest.approx(0.25, abs=0.07)


def test_a_click_moves_by_up_to_the_shift_and_nothing_is_lost() -> None:
    clicks = np.zeros((EXAMPLES, SAMPLES), np.float32)
    clicks[:, 400] = 1.0
    (moved,) = apply("time_shift", tf.constant(clicks), 50.0)
    np.testing.assert_array_equal(moved.sum(axis=1), 1.0)
    places = moved.argmax(axis=1) - 400
    assert set(np.unique(np.sign(places))) == {-1, 0, 1}
    assert 48 <= np.abs(places).max() <= 50
    (around,) = apply("time_shift", tf.constant(np.roll(clicks, -400, axis=1)), 50.0)
    np.testing.assert_array_equal(around, np.roll(moved, -400, axis=1))


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 20.0])
def test_noise_has_the_ratio_asked_for_in_every_other_example(tones: tf.Tensor, snr_db: float) -> None:
    (noisy,) = apply("noise_snr_db", tones, snr_db)
    noise = noisy - tones.numpy()
    with_noise = np.any(noise != 0, axis=1)
    assert with_noise.mean() == pytest.approx(0.5, abs=0.08)
    power = np.mean(tones.numpy()[with_noise] ** 2, axis=1)
    measured_db = 10 * np.log10(power / np.mean(noise[with_noise] ** 2, axis=1))
    np.testing.assert_allclose(measured_db, snr_db, atol=1.2)  # 800 samples of noise
    assert measured_db.mean() == pytest.approx(snr_db, abs=0.1)
    spectrum = np.abs(np.fft.rfft(noise[with_noise] / noise[with_noise].std(axis=1, keepdims=True))) ** 2
    np.testing.assert_allclose(spectrum.mean(axis=0)[1:-1] / SAMPLES, 1.0, atol=0.35)  # white


@pytest.mark.parametrize(("mask", "axis"), [(frequency_mask, 1), (time_mask, 2)])
def test_masks_are_two_stretches_of_one_axis_at_the_mean(mask, axis: int) -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(0.5, 0.2, (EXAMPLES, 40, 60, 1)).astype(np.float32)
    masked = mask(tf.constant(images), tf.constant(0.3), SEED).numpy()
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    changed = masked != images
    np.testing.assert_allclose(masked[changed], np.broadcast_to(mean, images.shape)[changed], atol=1e-6)
    lines = changed.any(axis=(3 - axis, 3))  # (examples, lines of the masked axis)
    np.testing.assert_array_equal(lines, changed.all(axis=(3 - axis, 3)))
    runs = np.sum(np.diff(np.pad(lines, ((0, 0), (1, 1))).astype(int), axis=1) == 1, axis=1)
    assert runs.max() == 2
    count = images.shape[axis]
    assert lines.sum(axis=1).max() <= 2 * round(0.3 * count) + 2
    assert lines.mean() == pytest.approx(2 * 0.15, abs=0.04)  # a little less: they overlap
    assert lines.any(axis=0).all(), "no line is out of reach"


def test_a_sequence_is_masked_in_time_alone(tones: tf.Tensor) -> None:
    sequences = tones[:, :, None]
    np.testing.assert_array_equal(apply("frequency_mask", sequences, 0.5)[0], sequences)
    assert (apply("time_mask", sequences, 0.5)[0] != sequences.numpy()).any()


def test_mixup_mixes_inputs_and_targets_by_one_share() -> None:
    codes = np.eye(CLASSES, dtype=np.float32)[np.arange(EXAMPLES) % CLASSES]
    images = np.broadcast_to(codes[:, None, None, :], (EXAMPLES, 5, 6, CLASSES))
    mixed, targets = apply("mixup", tf.constant(images), 0.4)
    np.testing.assert_allclose(mixed[:, 0, 0], targets, atol=1e-6)
    np.testing.assert_allclose(targets.sum(axis=1), 1.0, atol=1e-6)
    own = np.sum(targets * codes, axis=1)
    assert own.min() >= 0.5 - 1e-6, "an example stays mostly itself"
    assert (own < 0.95).any()
    np.testing.assert_allclose(
        apply("mixup", tf.constant(images), 1e-3)[1].max(axis=1).mean(), 1.0, atol=0.02
    )


@pytest.mark.parametrize("name", [name for name, row in AUGMENTATIONS.items() if row.stage != "variants"])
def test_draws_depend_on_the_seed_and_each_example_has_its_own(name: str, tones: tf.Tensor) -> None:
    stage = AUGMENTATIONS[name].stage
    batch = tones if stage == "waveforms" else tf.reshape(tones, [EXAMPLES, 20, 40, 1])
    strength = 30.0 if name == "time_shift" else 0.4
    one, again = apply(name, batch, strength), apply(name, batch, strength)
    other = apply(name, batch, strength, tf.constant([3, 6], tf.int32))
    for first, second in zip(one, again, strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(one[0], other[0])
    same = tf.tile(batch[200:201], [EXAMPLES, *[1] * (len(batch.shape) - 1)])
    if stage != "pairs":  # identical examples mixed stay what they are
        assert len({example.tobytes() for example in apply(name, same, strength)[0]}) > 1


@pytest.mark.parametrize("name", ["gain_db", "polarity", "time_shift", "frequency_mask", "time_mask"])
def test_strength_nothing_changes_nothing(name: str, tones: tf.Tensor) -> None:
    batch = tones if AUGMENTATIONS[name].stage == "waveforms" else tf.reshape(tones, [EXAMPLES, 20, 40, 1])
    np.testing.assert_array_equal(apply(name, batch, 0.0)[0], batch.numpy())
