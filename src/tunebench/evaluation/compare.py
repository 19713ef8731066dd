"""Two models on the same tracks: which is better, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from tunebench.audio.track import Side
from tunebench.errors import DataError
from tunebench.evaluation.predictions import Predictions, TrackPrediction
from tunebench.metrics.intervals import Interval, paired_difference

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """Accuracy of A and B on the same tracks of one side.

    `difference` is A less B with its 95% bootstrap interval over groups. `p_value` is McNemar's exact test
    on the tracks that only one of them got right; it takes tracks as independent, the interval does not.
    """

    side: Side
    tracks: int
    groups: int
    accuracy_a: float
    accuracy_b: float
    difference: Interval
    both_right: int
    only_a: int
    only_b: int
    both_wrong: int
    p_value: float
    changed: tuple[tuple[str, str, str, str], ...]
    """Path, class, what A said and what B said, where one was right and the other was not."""


def compare(a: Predictions, b: Predictions, *, side: Side, seed: int = 0) -> Comparison:
    """Compare what two models said of the same tracks.

    Raises:
        DataError: they were tested on other tracks, or none; names some.
    """
    of_a, of_b = {t.path: t for t in a.on(side)}, {t.path: t for t in b.on(side)}
    if not of_a or not of_b:
        raise DataError(f"one of the two has no {side} side, so nothing can be compared on it")
    strangers = sorted(of_a.keys() ^ of_b.keys())
    other_labels = [path for path in of_a.keys() & of_b.keys() if of_a[path].label != of_b[path].label]
    if strangers or other_labels:
        named = ", ".join((strangers or sorted(other_labels))[:_SHOWN])
        raise DataError(
            f"the two were tested on other tracks: {len(strangers)} are on one {side} side alone, "
            f"{len(other_labels)} have another class ({named}, ...). Compare searches of one data.split."
        )
    paths = sorted(of_a)
    right_a, right_b = _right(a, [of_a[path] for path in paths]), _right(b, [of_b[path] for path in paths])
    _, groups = np.unique([of_a[path].group or path for path in paths], return_inverse=True)
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(~right_a & right_b))
    return Comparison(
        side=side,
        tracks=len(paths),
        groups=int(groups.max()) + 1,
        accuracy_a=float(right_a.mean()),
        accuracy_b=float(right_b.mean()),
        difference=paired_difference(right_a, right_b, groups, seed=seed),
        both_right=int(np.sum(right_a & right_b)),
        only_a=only_a,
        only_b=only_b,
        both_wrong=int(np.sum(~right_a & ~right_b)),
        p_value=float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0,
        changed=tuple(
            (path, of_a[path].label, a.predicted(of_a[path]), b.predicted(of_b[path]))
            for path, one, other in zip(paths, right_a, right_b, strict=True)
            if one != other
        ),
    )


def _right(predictions: Predictions, tracks: Sequence[TrackPrediction]) -> NDArray[np.bool_]:
    return np.array([predictions.predicted(track) == track.label for track in tracks])
