"""Groups dealt to folds, where no manifest names any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tunebench.audio.track import Track
from tunebench.errors import DataError


def with_folds(tracks: Sequence[Track], count: int, *, seed: int) -> list[Track]:
    """Tracks with folds 1 to `count`: groups stay whole, and each fold has its share of every class.

    A track without a group is a group of its own. The same tracks and seed give the same folds.

    Raises:
        DataError: a class has fewer groups than there are folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # late: it takes a second

    ordered = sorted(tracks, key=lambda track: track.path)
    groups = [track.group or track.path for track in ordered]
    labels = [track.label for track in ordered]
    for label in sorted(set(labels)):
        held = len({group for group, name in zip(groups, labels, strict=True) if name == label})
        if held < count:
            raise DataError(
                f"data.folds: {label} has {held} groups, too few for {count} folds; "
                f"write data.folds: {held}, or give more of it"
            )
    dealer = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    folds: dict[str, int] = {}
    for fold, (_, held_out) in enumerate(dealer.split(ordered, labels, groups), start=1):
        folds |= {ordered[place].path: fold for place in held_out}
    return [replace(track, fold=folds[track.path]) for track in tracks]
