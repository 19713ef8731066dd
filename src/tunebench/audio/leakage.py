"""What the sides of a split share, measured."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus


class Leakage(StrEnum):
    """`SEGMENT`: the same recording is on two sides. `GROUP`: the same group is. `NONE`: neither."""

    NONE = "none"
    GROUP = "group"
    SEGMENT = "segment"


def recordings(corpus: Corpus) -> NDArray[np.int32]:
    """A number for each track's audio, shape (tracks,): the same for copies of one file."""
    return _numbered([stored.key for stored in corpus.tracks])


def group_ids(corpus: Corpus) -> NDArray[np.int32]:
    """A number for each track's group, shape (tracks,).

    A track without a group is its own; groups that hold copies of one file are one.
    """
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(name: tuple[str, str]) -> tuple[str, str]:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = parent[above]
            name = above
        return name

    for stored in corpus.tracks:
        if stored.track.group is not None:
            parent[root(("key", stored.key))] = root(("group", stored.track.group))
    return _numbered([root(("key", stored.key)) for stored in corpus.tracks])


def measure(
    recording: NDArray[np.int32], group: NDArray[np.int32], sides: Sequence[NDArray[np.integer]]
) -> Leakage:
    """The worst that any two sides share; `sides` hold positions of tracks."""
    found = Leakage.NONE
    for first, second in combinations(sides, 2):
        if np.intersect1d(recording[first], recording[second]).size:
            return Leakage.SEGMENT
        if np.intersect1d(group[first], group[second]).size:
            found = Leakage.GROUP
    return found


def _numbered(names: Sequence[object]) -> NDArray[np.int32]:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int32)
