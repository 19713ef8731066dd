import numpy as np
import pytest

from tunebench.metrics.intervals import classification_intervals, paired_difference


def test_interval_of_independent_examples_is_the_binomial_one():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    predictions = np.where(rng.random(400) < 0.8, labels, 1 - labels)
    interval = classification_intervals(labels, predictions, np.arange(400), 2, seed=1)["accuracy"]
    half = 1.96 * np.sqrt(interval.value * (1 - interval.value) / 400)
    assert interval.low == pytest.approx(interval.value - half, abs=0.01)
    assert interval.high == pytest.approx(interval.value + half, abs=0.01)


def test_examples_of_one_group_count_as_one():
    """Ten copies of each example are no more evidence: the interval over groups does not shrink."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    predictions = np.where(rng.random(60) < 0.7, labels, 1 - labels)
    groups = np.arange(60)
    once = classification_intervals(labels, predictions, groups, 2, seed=1)["accuracy"]
    copied = [np.repeat(array, 10) for array in (labels, predictions, groups)]
    ten = classification_intervals(*copied, 2, seed=1)["accuracy"]
    naive = classification_intervals(copied[0], copied[1], np.arange(600), 2, seed=1)["accuracy"]
    assert ten.high - ten.low == pytest.approx(once.high - once.low, abs=1e-9)
    assert naive.high - naive.low < 0.5 * (ten.high - ten.low)


def test_paired_difference_is_narrower_than_two_intervals():
    rng = np.random.default_rng(0)
    a = rng.random(200) < 0.8
    b = a.copy()
    b[:10] = False
    difference = paired_difference(a, b, np.arange(200), seed=2)
    assert difference.value == pytest.approx(a.mean() - b.mean())
    assert 0 < difference.low < difference.value < difference.high < 0.1


def test_same_seed_same_interval():
    labels = np.array([0, 1, 0, 1, 1])
    args = (labels, labels[::-1].copy(), np.arange(5), 2)
    assert classification_intervals(*args, seed=4) == classification_intervals(*args, seed=4)


def test_one_group_says_nothing_of_others():
    labels, groups = np.array([0, 1, 1, 0]), np.zeros(4, np.int32)
    found = classification_intervals(labels, labels, groups, 2, seed=1)["accuracy"]
    assert (found.value, found.low, found.high) == (1.0, 0.0, 1.0)
    apart = paired_difference(labels == 1, labels == 0, groups, seed=1)
    assert (apart.low, apart.high) == (-1.0, 1.0)
