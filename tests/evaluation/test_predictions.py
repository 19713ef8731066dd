"""What a model said of tracks, written and read."""

from __future__ import annotations

import numpy as np
import pytest

from tunebench.errors import DataError
from tunebench.evaluation.predictions import Predictions, TrackPrediction, from_csv, track_predictions

CLASSES = ("drum, snare", "flöte")


def predictions() -> Predictions:
    rows = [
        ("test", "a.wav", 0, 0.9),
        ("test", "b.wav", 1, 0.8),
        ("test", "c.wav", 1, 0.6),
        ("validation", "d", 1, 0.99),
    ]
    return Predictions(
        CLASSES,
        tuple(
            TrackPrediction(side, path, "g", CLASSES[label], np.array([p, 1 - p]))
            for side, path, label, p in rows
        ),
    )


def test_what_was_written_is_read() -> None:
    one = predictions()
    again = from_csv(one.to_csv(), "predictions.csv")
    assert again.classes == CLASSES
    for track, other in zip(one.tracks, again.tracks, strict=True):
        assert (track.side, track.path, track.group, track.label) == (
            other.side,
            other.path,
            other.group,
            other.label,
        )
        np.testing.assert_allclose(other.probabilities, track.probabilities, rtol=1e-5)


def test_the_worst_mistakes_are_those_that_it_was_surest_of() -> None:
    one = predictions()
    assert [track.path for track in one.worst_mistakes("test", 5)] == ["b.wav", "c.wav"]
    assert [track.path for track in one.worst_mistakes("test", 1)] == ["b.wav"]
    assert one.predicted(one.on("validation")[0]) == CLASSES[0]


def test_confused_pairs_name_their_tracks() -> None:
    pairs = predictions().confused_pairs("test")
    assert [(pair.label, pair.predicted, pair.paths) for pair in pairs] == [
        (CLASSES[1], CLASSES[0], ("b.wav", "c.wav"))
    ]


def test_a_track_is_the_mean_of_its_segments() -> None:
    probabilities = np.array([[1.0, 0.0], [0.6, 0.4], [0.2, 0.8]])
    found = track_predictions(
        "test", probabilities, np.array([0, 0, 1]), np.array([5, 5, 2]),
        paths=[f"{n}.wav" for n in range(6)], groups=["g"] * 6, classes=CLASSES,
    )  # fmt: skip
    assert [(track.path, track.label) for track in found] == [("2.wav", CLASSES[1]), ("5.wav", CLASSES[0])]
    np.testing.assert_allclose(found[1].probabilities, [0.8, 0.2])


@pytest.mark.parametrize("text", ["", "side,path\ntest,a\n", "side,path,group,label,p.a\ntest,a,g,l,no\n"])
def test_another_table_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"mine\.csv: not a table of predictions"):
        from_csv(text, "mine.csv")
