"""The side of each segment, by the ways of `data.split.by`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.leakage import recordings
from tunebench.audio.lists import read_lists
from tunebench.audio.segments import Segments
from tunebench.audio.stratify import deal
from tunebench.audio.track import SIDES, shown
from tunebench.errors import DataError
from tunebench.seeding import child_rng

if TYPE_CHECKING:
    from tunebench.space.sections import SplitSection

NOWHERE = -1


def side_of_segments(
    corpus: Corpus, segments: Segments, section: SplitSection, groups: NDArray[np.int32]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Side of each segment, a position in `SIDES` or `NOWHERE`, and what the split's lists name in vain.

    `groups` (tracks,) are the numbers of the tracks' groups.

    Raises:
        DataError: the corpus has not what the split goes by.
    """
    if section.by == "fold":
        return _by_fold(corpus, section)[segments.track], ()
    if section.by == "column":
        of_track, missing = _by_column(corpus, section)
        return of_track[segments.track], missing
    return _dealt(corpus, segments, section, groups), ()


def _dealt(
    corpus: Corpus, segments: Segments, section: SplitSection, groups: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Side of each segment, shape (segments,)."""
    if section.by == "group" and all(stored.track.group is None for stored in corpus.tracks):
        raise DataError(
            "data.split: by: group needs to know the groups. Give the manifest a column 'group', or write "
            "data.group: {pattern: '^(?P<group>[^-]+)-'} or data.group: {file: artists.csv}; "
            "without artists or recordings to keep together, by: track."
        )
    if not isinstance(section.validation, float) or not isinstance(section.test, float):
        raise DataError(f"data.split: by: {section.by} takes fractions, as validation: 0.2")
    shares = np.array([1 - section.validation - section.test, section.validation, section.test])
    rng = child_rng(section.seed, "split", section.by)
    if section.by == "segment":
        return deal(_counts(np.arange(len(segments)), segments.label, len(corpus.classes)), shares, rng)
    unit = groups if section.by == "group" else recordings(corpus)
    return deal(_counts(unit, corpus.labels, len(corpus.classes)), shares, rng)[unit][segments.track]


def _counts(unit: NDArray[np.integer], label: NDArray[np.int32], classes: int) -> NDArray[np.int64]:
    """Items of each class in each unit, shape (units, classes)."""
    counts = np.zeros((int(unit.max(initial=-1)) + 1, classes), np.int64)
    np.add.at(counts, (unit, label), 1)
    return counts


def _by_fold(corpus: Corpus, section: SplitSection) -> NDArray[np.int64]:
    """Side of each track, shape (tracks,)."""
    without = [stored.track.path for stored in corpus.tracks if stored.track.fold is None]
    if without:
        raise DataError(
            f"data.split: by: fold needs a fold for each track. Without one: {shown(without)}. "
            "Give the manifest a column 'fold' of whole numbers."
        )
    folds = np.array([stored.track.fold for stored in corpus.tracks])
    sides = np.zeros(len(folds), np.int64)
    for number, name, wanted in ((1, "validation", section.validation), (2, "test", section.test)):
        if not isinstance(wanted, tuple | list):
            if not wanted:
                continue  # `test: 0`
            raise DataError(f"data.split.{name}: by: fold takes a list of folds, as [4]")
        for fold in wanted:
            if fold not in folds:
                raise DataError(f"data.split.{name}: no fold {fold}; there are {np.unique(folds).tolist()}")
            if (sides[folds == fold] != 0).any():
                raise DataError(f"data.split.{name}: fold {fold} is on the validation side already")
            sides[folds == fold] = number
    return sides


def _by_column(corpus: Corpus, section: SplitSection) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Side of each track, shape (tracks,), and what the lists name in vain."""
    tracks = [stored.track for stored in corpus.tracks]
    sides, missing = tuple(track.split for track in tracks), ()
    if section.lists is not None:
        listed = read_lists(tracks, section.lists)
        sides, missing = listed.sides, listed.missing
    elif not any(sides):
        raise DataError(
            "data.split: by: column needs a column 'split' (train, validation, test) in the manifest, or "
            "lists: {train: train.txt, validation: validation.txt, test: test.txt}"
        )
    return np.array([SIDES.index(side) if side else NOWHERE for side in sides], np.int64), missing
