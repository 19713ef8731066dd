import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
)

from tunebench.metrics.classification import confusion_matrix as ours
from tunebench.metrics.classification import evaluate, first_labels, per_class, vote


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.ones(4), size=60)
    tracks = np.repeat(rng.permutation(12), 5)
    labels = tracks % 4
    return probabilities, labels, tracks


def test_agrees_with_scikit_learn(scored):
    probabilities, labels, tracks = scored
    predictions = probabilities.argmax(axis=1)
    figures = evaluate(probabilities, labels, tracks)
    assert figures["accuracy"] == pytest.approx(accuracy_score(labels, predictions), abs=1e-12)
    assert figures["macro_f1"] == pytest.approx(f1_score(labels, predictions, average="macro"), abs=1e-12)
    assert figures["macro_recall"] == pytest.approx(
        recall_score(labels, predictions, average="macro"), abs=1e-12
    )
    assert figures["macro_precision"] == pytest.approx(
        precision_score(labels, predictions, average="macro", zero_division=0), abs=1e-12
    )
    assert figures["loss"] == pytest.approx(log_loss(labels, probabilities), abs=1e-12)
    np.testing.assert_array_equal(ours(labels, predictions, 4), confusion_matrix(labels, predictions))


def test_a_track_is_the_mean_of_its_segments(scored):
    probabilities, labels, tracks = scored
    voted, unique = vote(probabilities, tracks)
    for row, track in zip(voted, unique, strict=True):
        np.testing.assert_allclose(row, probabilities[tracks == track].mean(axis=0), atol=1e-12)
    expected = accuracy_score(unique % 4, voted.argmax(axis=1))
    assert evaluate(probabilities, labels, tracks)["track_accuracy"] == pytest.approx(expected)
    np.testing.assert_array_equal(first_labels(tracks, labels), unique % 4)


def test_perfect_input_scores_one():
    labels = np.array([0, 1, 2, 2])
    figures = evaluate(np.eye(3)[labels], labels, np.arange(4))
    assert {value for name, value in figures.items() if "loss" not in name} == {1.0}
    assert figures["loss"] == pytest.approx(0.0, abs=1e-9)


def test_a_class_that_never_occurs_is_no_part_of_the_macro_average():
    matrix = ours(np.array([0, 0, 1]), np.array([0, 0, 1]), 3)
    assert per_class(matrix)["f1"].tolist() == [1.0, 1.0, 0.0]
    assert evaluate(np.eye(3)[[0, 0, 1]], np.array([0, 0, 1]), np.arange(3))["macro_f1"] == 1.0
