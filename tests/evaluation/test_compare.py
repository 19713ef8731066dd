"""Two models on the same tracks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tunebench.errors import DataError
from tunebench.evaluation.compare import compare
from tunebench.evaluation.predictions import Predictions, TrackPrediction


def said(right: Sequence[bool], *, groups: int | None = None, side: str = "test") -> Predictions:
    """One track a value; all of class `a`."""
    tracks: list[TrackPrediction] = []
    for n, hit in enumerate(right):
        probabilities = np.array([0.9, 0.1] if hit else [0.2, 0.8])
        group = f"g{n % groups}" if groups else ""
        tracks.append(TrackPrediction(side, f"{n:03}.wav", group, "a", probabilities))
    return Predictions(("a", "b"), tuple(tracks))


def test_counts_accuracies_and_mcnemar_s_test() -> None:
    a = said([True] * 70 + [True] * 15 + [False] * 5 + [False] * 10)
    b = said([True] * 70 + [False] * 15 + [True] * 5 + [False] * 10)
    found = compare(a, b, side="test")
    assert (found.both_right, found.only_a, found.only_b, found.both_wrong) == (70, 15, 5, 10)
    assert (found.accuracy_a, found.accuracy_b, found.tracks, found.groups) == (0.85, 0.75, 100, 100)
    assert found.difference.value == pytest.approx(0.10)
    # the standard error of a paired difference: sqrt(20 / 100 - 0.1 ** 2) / 10
    assert found.difference.low == pytest.approx(0.10 - 1.96 * 0.0436, abs=0.02)
    assert found.difference.high == pytest.approx(0.10 + 1.96 * 0.0436, abs=0.02)
    assert found.p_value == pytest.approx(0.0414, abs=1e-4)  # 2 * P(Binomial(20, 1/2) <= 5)
    assert len(found.changed) == 20
    assert found.changed[0] == ("070.wav", "a", "a", "b")


def test_tracks_of_one_group_count_together() -> None:
    hits = [n % 4 == 0 for n in range(200)]
    alone, together = (
        compare(said(hits, groups=groups), said([False] * 200, groups=groups), side="test").difference
        for groups in (200, 4)
    )
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_a_model_and_itself() -> None:
    found = compare(said([True, False] * 5), said([True, False] * 5), side="test")
    assert (found.difference.value, found.difference.low, found.difference.high, found.p_value) == (
        0,
        0,
        0,
        1,
    )


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        (said([True] * 3), "1 are on one test side alone, 0 have another class \\(003.wav"),
        (said([True] * 4, side="validation"), "no test side"),
    ],
)
def test_other_tracks_are_refused(other: Predictions, rule: str) -> None:
    with pytest.raises(DataError, match=rule):
        compare(said([True] * 4), other, side="test")
