"""Every estimator of the table, fitted on blobs that can be told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skops.io
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from tunebench.catalog.estimators import ESTIMATORS
from tunebench.errors import InputError
from tunebench.estimators import build, probabilities, size
from tunebench.export.estimator_files import load_estimator, save_estimator

CLASSES, COLUMNS = 4, 6


def blobs(count: int, seed: int = 0, *, classes: int = 3) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Clouds around means that are five deviations apart, `(count * classes, COLUMNS)`, with labels."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes, dtype=np.int32), count)
    means = 5.0 * np.eye(CLASSES, COLUMNS)[labels]
    return (means + rng.standard_normal((len(labels), COLUMNS))).astype(np.float32), labels


def fitted(name: str, seed: int = 1, **params: object) -> Pipeline:
    inputs, labels = blobs(30)
    defaults = {spec.name: spec.default for spec in ESTIMATORS[name].parameters}
    return build(name, defaults | params, seed).fit(inputs, labels)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_probabilities_of_all_classes(name: str) -> None:
    inputs, labels = blobs(10, seed=5)
    said = probabilities(fitted(name), inputs, CLASSES)
    assert said.shape == (30, CLASSES)
    assert said.dtype == np.float32
    np.testing.assert_allclose(said.sum(axis=1), 1.0, atol=1e-6)
    assert not said[:, 3].any(), "a class that was never seen"
    accuracy = (said.argmax(axis=1) == labels).mean()
    assert accuracy > 0.95 if name != "dummy" else accuracy == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_two_classes(name: str) -> None:
    inputs, labels = blobs(30, classes=2)
    defaults = {spec.name: spec.default for spec in ESTIMATORS[name].parameters}
    said = probabilities(build(name, defaults, 1).fit(inputs, labels), inputs, 2)
    np.testing.assert_allclose(said.sum(axis=1), 1.0, atol=1e-6)
    assert name == "dummy" or (said.argmax(axis=1) == labels).mean() > 0.95


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_seed_gives_the_same_twice_and_a_file_gives_it_back(name: str, tmp_path: Path) -> None:
    inputs, _ = blobs(10, seed=5)
    one, again = (probabilities(fitted(name, seed=7), inputs, CLASSES) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    save_estimator(tmp_path, fitted(name, seed=7), None, 0)
    np.testing.assert_array_equal(load_estimator(tmp_path, CLASSES)(inputs), one)


def test_what_is_missing_becomes_the_training_sides_median() -> None:
    inputs, labels = blobs(30)
    inputs[::7, 1] = np.nan
    inputs[:, 5] = np.nan
    model = build("logistic_regression", {"C": 1.0}, 1).fit(inputs, labels)
    imputer = model.steps[0][1]
    assert imputer.statistics_[1] == pytest.approx(np.nanmedian(inputs[:, 1]))
    test, truth = blobs(10, seed=5)
    test[:, 1] = np.nan
    assert np.isfinite(probabilities(model, test, 3)).all()
    assert (probabilities(model, test, 3).argmax(axis=1) == truth).mean() > 0.6


def test_options_reach_the_estimator() -> None:
    assert fitted("random_forest", max_features="all").steps[-1][1].max_features is None
    assert fitted("random_forest", n_estimators=7).steps[-1][1].n_estimators == 7
    assert fitted("k_neighbours", metric="cosine").steps[-1][1].metric == "cosine"
    assert fitted("svm", gamma=0.01).steps[-1][1].gamma == 0.01


def test_the_answer_of_margins_is_the_classifiers_own() -> None:
    inputs, _ = blobs(50, seed=9)
    inputs = inputs + np.random.default_rng(1).normal(0, 4, inputs.shape).astype(np.float32)
    model = fitted("svm")
    np.testing.assert_array_equal(probabilities(model, inputs, 3).argmax(axis=1), model.predict(inputs))


def test_size_counts_what_is_held() -> None:
    count, megabytes = size(fitted("k_neighbours"))
    assert count >= 90 * COLUMNS
    assert megabytes >= 4e-6 * 90 * COLUMNS
    more, _ = size(fitted("random_forest", n_estimators=40))
    few, _ = size(fitted("random_forest", n_estimators=10))
    assert more > 3 * few


def test_a_file_that_holds_anything_else_is_not_read(tmp_path: Path) -> None:
    skops.io.dump(Path, tmp_path / "estimator.skops")
    with pytest.raises(InputError, match="which tunebench never writes"):
        load_estimator(tmp_path, CLASSES)
