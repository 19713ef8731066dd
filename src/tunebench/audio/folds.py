"""Groups dealt to folds, where no manifest names any."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tunebench.audio.stratify import deal
from tunebench.audio.track import Track
from tunebench.errors import DataError
from tunebench.seeding import child_rng


def with_folds(tracks: Sequence[Track], count: int, *, seed: int) -> list[Track]:
    """Tracks with folds 1 to `count`: groups stay whole, and each fold has its share of every class.

    A track without a group is a group of its own. The same tracks and seed give the same folds.

    Raises:
        DataError: a class has fewer groups than there are folds.
    """
    ordered = sorted(tracks, key=lambda track: track.path)
    classes = sorted({track.label for track in ordered})
    groups = sorted({track.group or track.path for track in ordered})
    counts = np.zeros((len(groups), len(classes)), np.int64)
    for track in ordered:
        counts[bisect_left(groups, track.group or track.path), bisect_left(classes, track.label)] += 1
    for label, held in zip(classes, np.count_nonzero(counts, axis=0).tolist(), strict=True):
        if held < count:
            raise DataError(
                f"data.folds: {label} has {held} groups, too few for {count} folds; "
                + (f"write data.folds: {held}, or give more of it" if held > 1 else "give more of it")
            )
    dealt = deal(counts, np.full(count, 1 / count), child_rng(seed, "folds"))
    folds = {group: 1 + int(fold) for group, fold in zip(groups, dealt, strict=True)}
    return [replace(track, fold=folds[track.group or track.path]) for track in tracks]
