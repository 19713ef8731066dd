"""Accuracy, macro precision, recall and F1 of segments and of tracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]


def confusion_matrix(labels: Integers, predictions: Integers, classes: int) -> NDArray[np.int64]:
    """Counts `(true class, predicted class)`."""
    cells = np.bincount(labels.astype(np.int64) * classes + predictions, minlength=classes * classes)
    return cells.reshape(classes, classes)


def per_class(matrix: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Precision, recall, F1 and support of each class; 0 where a class was never predicted or seen."""
    hits = np.diag(matrix).astype(np.float64)
    predicted, support = matrix.sum(axis=0), matrix.sum(axis=1)
    return {
        "precision": hits / np.maximum(predicted, 1),
        "recall": hits / np.maximum(support, 1),
        "f1": 2 * hits / np.maximum(predicted + support, 1),
        "support": support.astype(np.float64),
    }


def summarise(matrix: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy and the macro averages over the classes that occur, as truth or as prediction."""
    figures = per_class(matrix)
    seen = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
    return {
        "accuracy": float(np.diag(matrix).sum() / max(matrix.sum(), 1)),
        "macro_precision": float(figures["precision"][seen].mean()),
        "macro_recall": float(figures["recall"][seen].mean()),
        "macro_f1": float(figures["f1"][seen].mean()),
    }


def vote(probabilities: Floats, tracks: Integers) -> tuple[NDArray[np.float64], NDArray[np.integer]]:
    """Mean of each track's segment probabilities: `(tracks, classes)`, and the tracks in rising order."""
    unique, inverse = np.unique(tracks, return_inverse=True)
    sums = np.zeros((len(unique), probabilities.shape[1]), np.float64)
    np.add.at(sums, inverse, probabilities)
    return sums / np.bincount(inverse)[:, None], unique


def log_loss(probabilities: Floats, labels: Integers) -> float:
    """Mean cross-entropy in nats."""
    chosen = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def evaluate(probabilities: Floats, labels: Integers, tracks: Integers) -> dict[str, float]:
    """All figures of one evaluation.

    Args:
        probabilities: `(segments, classes)`.
        labels: the segments' classes, `(segments,)`.
        tracks: the track of each segment, `(segments,)`.

    Returns:
        `loss`, `accuracy`, `macro_precision`, `macro_recall`, `macro_f1` of segments, and all again
        as `track_*`, a track being the mean of its segments' probabilities.
    """
    classes = probabilities.shape[1]
    figures = {"loss": log_loss(probabilities, labels)}
    figures |= summarise(confusion_matrix(labels, probabilities.argmax(axis=1), classes))
    voted, _ = vote(probabilities, tracks)
    track_labels = first_labels(tracks, labels)
    by_track = summarise(confusion_matrix(track_labels, voted.argmax(axis=1), classes))
    by_track["loss"] = log_loss(voted, track_labels)
    return figures | {f"track_{name}": value for name, value in by_track.items()}


def first_labels(tracks: Integers, labels: Integers) -> Integers:
    """The label of each track, the tracks in rising order."""
    _, first = np.unique(tracks, return_index=True)
    return labels[first]
