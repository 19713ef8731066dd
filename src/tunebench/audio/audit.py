"""What a corpus holds, what of it cannot be used, and how it would be split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus, Quarantined
from tunebench.audio.leakage import Leakage, group_ids
from tunebench.audio.manifest import read
from tunebench.audio.near_duplicates import NearDuplicate, near_duplicates
from tunebench.audio.prepare import Progress, check_classes, decode_all, with_dealt_folds
from tunebench.audio.segments import Segments, segment
from tunebench.audio.splits import Split, split
from tunebench.audio.store import Store
from tunebench.audio.suspicions import Suspicion, imbalance, suspicions
from tunebench.audio.track import SIDES, Side, Track
from tunebench.errors import DataError

if TYPE_CHECKING:
    from tunebench.space.sections import DataSection


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class: usable tracks, their groups, duration and segments, and quarantined files."""

    label: str
    tracks: int
    groups: int
    duration_s: float
    segments: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """Tracks and segments by side, and what the sides share."""

    tracks: Mapping[Side, int]
    segments: Mapping[Side, int]
    absent: Mapping[Side, tuple[str, ...]]
    missing: tuple[str, ...]
    crossing: tuple[str, ...]
    """Groups that stand on two sides."""
    leakage: Leakage
    hash: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tracks that hold the same recording, for `overlap_s`.

    `apart` says that no group holds them together, so that they may stand on two sides; `contradicts` that
    they have two classes.
    """

    first: str
    second: str
    exact: bool
    overlap_s: float
    apart: bool
    contradicts: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """The state of a corpus. Where it cannot be searched, `problem` says why and `split` is None."""

    classes: tuple[ClassRow, ...]
    quarantined: tuple[Quarantined, ...]
    tracks: int
    groups: int
    grouped: bool
    pairs: tuple[Pair, ...]
    """Exact and near copies; empty unless they were looked for."""
    suspicions: tuple[Suspicion, ...]
    """Tracks to listen to before they are trained on; empty unless they were looked for."""
    imbalance: str | None
    duration_s: float
    digest: str
    split: SplitSummary | None
    problem: str | None


def audit(
    data: DataSection,
    *,
    store: Store,
    progress: Progress | None = None,
    workers: int | None = None,
    pairs: bool = False,
    listening: Progress | None = None,
) -> Audit:
    """Look at every file of a corpus. What is decoded on the way is kept in the store for the search.

    With `pairs`, tracks that hold the same recording under another level, codec or beginning are looked for,
    and those that are clipped, mostly silent, from a lower sample rate or of unusual length. `listening` is
    told how far that is.

    Raises:
        DataError: there is no corpus to look at (see `manifest.read`).
        StorageError: the store cannot be written.
    """
    corpus = decode_all(data, store=store, progress=progress, workers=workers)
    segments = segment(corpus, data.segment)
    summary = problem = None
    try:
        check_classes(corpus)
        dealt = with_dealt_folds(corpus, data)
        summary = _summary(dealt, segments, split(dealt, segments, data.split))
    except DataError as error:
        problem = str(error)
    groups = group_ids(corpus)
    copies = near_duplicates(corpus, progress=listening) if pairs else []
    heard = suspicions(corpus, progress=listening) if pairs else []
    return Audit(
        classes=tuple(_row(corpus, segments, groups, index) for index in range(len(corpus.classes))),
        quarantined=corpus.quarantined,
        tracks=len(corpus.tracks),
        groups=len(np.unique(groups)),
        grouped=any(stored.track.group is not None for stored in corpus.tracks),
        pairs=tuple(_pair(corpus, groups, copy) for copy in copies),
        suspicions=tuple(heard),
        imbalance=imbalance(corpus),
        duration_s=sum(stored.samples for stored in corpus.tracks) / corpus.sample_rate_hz,
        digest=corpus.digest,
        split=summary,
        problem=problem,
    )


def cleaned(data: DataSection, found: Audit) -> list[Track]:
    """The tracks that can be used, exact copies left out, near ones in one group, ready for a manifest.

    Of exact copies the first stays; where they have two classes neither does, since nobody knows which is
    right. What is in one group has one fold and one side, those of its first track, where the manifest names
    any; folds that `data.folds` deals are left to it.

    Raises:
        DataError: there is no corpus to look at, or a class would be left without a track.
    """
    unusable = {row.path for row in found.quarantined}
    tracks = read(data)
    group_of = {track.path: track.group or track.path for track in tracks}
    for pair in found.pairs:
        if pair.exact:
            unusable |= {pair.first, pair.second} if pair.contradicts else {pair.second}
        joined, gone = group_of[pair.first], group_of[pair.second]
        group_of = {path: joined if group == gone else group for path, group in group_of.items()}
    changed = {group_of[pair.first] for pair in found.pairs}
    kept = [track for track in tracks if track.path not in unusable]
    if lost := sorted({track.label for track in tracks} - {track.label for track in kept}):
        raise DataError(f"nothing that can be used is left of {', '.join(lost)}: no manifest is written")
    first: dict[str, Track] = {}
    for track in kept:
        first.setdefault(group_of[track.path], track)
    return [
        replace(track, group=group, fold=first[group].fold, split=first[group].split)
        if (group := group_of[track.path]) in changed
        else replace(track, group=group)
        for track in kept
    ]


def _pair(corpus: Corpus, groups: NDArray[np.int32], found: NearDuplicate) -> Pair:
    first, second = (corpus.tracks[track].track for track in (found.first, found.second))
    return Pair(
        first=first.path,
        second=second.path,
        exact=found.exact,
        overlap_s=found.overlap_s,
        apart=bool(groups[found.first] != groups[found.second]),
        contradicts=first.label != second.label,
    )


def _row(corpus: Corpus, segments: Segments, groups: NDArray[np.int32], index: int) -> ClassRow:
    label = corpus.classes[index]
    mine = corpus.labels == index
    return ClassRow(
        label=label,
        tracks=int(mine.sum()),
        groups=len(np.unique(groups[mine])),
        duration_s=sum(s.samples for s in corpus.tracks if s.track.label == label) / corpus.sample_rate_hz,
        segments=int((segments.label == index).sum()),
        quarantined=sum(row.label == label for row in corpus.quarantined),
    )


def _summary(corpus: Corpus, segments: Segments, parts: Split) -> SplitSummary:
    sides_of: dict[str, set[Side]] = {}
    for name in SIDES:
        for track in np.unique(segments.track[parts.side(name)]):
            stored = corpus.tracks[int(track)].track
            sides_of.setdefault(stored.group or stored.path, set()).add(name)
    return SplitSummary(
        tracks={name: len(np.unique(segments.track[parts.side(name)])) for name in SIDES},
        segments={name: len(parts.side(name)) for name in SIDES},
        absent=parts.absent,
        missing=parts.missing,
        crossing=tuple(sorted(group for group, sides in sides_of.items() if len(sides) > 1)),
        leakage=parts.leakage,
        hash=parts.hash,
    )
