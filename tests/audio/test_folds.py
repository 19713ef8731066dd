"""Groups dealt to folds."""

from __future__ import annotations

from collections import Counter

import pytest

from tunebench.audio.folds import with_folds
from tunebench.audio.track import Track
from tunebench.errors import DataError


def tracks(*, groups: int = 12, each: int = 3) -> list[Track]:
    return [
        Track(f"{label}/{group}-{number}.wav", label, f"{label}{group}")
        for label in ("a", "b")
        for group in range(groups)
        for number in range(each)
    ]


def test_groups_stay_whole_and_every_fold_has_its_share() -> None:
    dealt = with_folds(tracks(), 4, seed=3)
    assert {track.fold for track in dealt} == {1, 2, 3, 4}
    assert [track.path for track in dealt] == [track.path for track in tracks()]
    folds_of: dict[str | None, set[int | None]] = {}
    for track in dealt:
        folds_of.setdefault(track.group, set()).add(track.fold)
    assert all(len(folds) == 1 for folds in folds_of.values())
    shares = Counter((track.fold, track.label) for track in dealt)
    assert set(shares.values()) == {9}


def test_the_same_seed_deals_the_same_whatever_the_order() -> None:
    one = {track.path: track.fold for track in with_folds(tracks(), 3, seed=5)}
    other = {track.path: track.fold for track in with_folds(tracks()[::-1], 3, seed=5)}
    assert one == other
    assert one != {track.path: track.fold for track in with_folds(tracks(), 3, seed=6)}


def test_a_track_without_a_group_is_its_own() -> None:
    alone = [Track(f"{label}/{n}.wav", label) for label in "ab" for n in range(8)]
    assert Counter(track.fold for track in with_folds(alone, 4, seed=0)) == dict.fromkeys((1, 2, 3, 4), 4)


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DataError, match=r"a has 3 groups, too few for 4 folds; write data\.folds: 3"):
        with_folds(tracks(groups=3), 4, seed=0)
