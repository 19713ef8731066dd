"""Which segments train, which validate, and which are kept for the one test."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus
from tunebench.audio.leakage import Leakage, group_ids, measure, recordings
from tunebench.audio.segments import Segments
from tunebench.audio.sides import side_of_segments
from tunebench.audio.track import SIDES, Side, shown
from tunebench.errors import DataError

if TYPE_CHECKING:
    from tunebench.space.sections import SplitSection


@dataclass(frozen=True)
class Split:
    """Positions of segments by side, int64, ascending.

    Attributes:
        train: never empty, and holds every class.
        validation: never empty; `absent` names the classes that it lacks.
        test: empty where no test is asked for.
        hash: SHA-256 of what is on which side: paths and positions, not their order.
        leakage: the worst that two sides share, measured on this split; "none" is as good as the groups are.
        groups: a number for each track's group, shape (tracks,) int32; without a group a track is its own.
        absent: classes without a segment, by side.
        missing: names on the lists of `by: column` that match no usable track.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    hash: str
    leakage: Leakage
    groups: NDArray[np.int32]
    absent: Mapping[Side, tuple[str, ...]]
    missing: tuple[str, ...] = ()

    def side(self, name: Side) -> NDArray[np.int64]:
        """The segments of a side."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


def split(corpus: Corpus, segments: Segments, section: SplitSection) -> Split:
    """Split a corpus as `data.split` says. The same corpus and section give the same split.

    With fractions, whole groups (tracks, segments) are dealt so that each side has its share of every
    class as far as they allow; copies of one file count as one track, and their groups as one.

    Raises:
        DataError: no source of what the split goes by, an empty side, or a class that training lacks.
    """
    groups = group_ids(corpus)
    sides, missing = side_of_segments(corpus, segments, section, groups)
    parts: dict[Side, NDArray[np.int64]] = {
        name: np.flatnonzero(sides == number).astype(np.int64) for number, name in enumerate(SIDES)
    }
    absent = _absent(corpus, segments, parts)
    _check(corpus, section, parts, absent)
    tracks = [np.unique(segments.track[part]) for part in parts.values()]
    return Split(
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        hash=_hash(corpus, segments, parts),
        leakage=measure(recordings(corpus), groups, tracks),
        groups=groups,
        absent=absent,
        missing=missing,
    )


def _absent(
    corpus: Corpus, segments: Segments, parts: Mapping[Side, NDArray[np.int64]]
) -> dict[Side, tuple[str, ...]]:
    present = {name: set(np.unique(segments.label[part]).tolist()) for name, part in parts.items()}
    return {
        name: tuple(label for index, label in enumerate(corpus.classes) if index not in present[name])
        for name, part in parts.items()
        if len(part)
    }


def _check(
    corpus: Corpus,
    section: SplitSection,
    parts: Mapping[Side, NDArray[np.int64]],
    absent: Mapping[Side, tuple[str, ...]],
) -> None:
    test_wanted = section.by != "column" and bool(section.test)
    for name in SIDES[: 3 if test_wanted else 2]:
        if not len(parts[name]):
            raise DataError(
                f"data.split: nothing is left for {name}: {len(corpus.tracks)} tracks split by {section.by}. "
                "Give more tracks or groups, other fractions, or test: 0 for no test."
            )
    if absent["train"]:
        raise DataError(
            f"data.split: training has nothing of {shown(absent['train'])} (split by {section.by}). "
            "Each class needs a track, and with by: group a group, for training: add some, or leave it out."
        )


def _hash(corpus: Corpus, segments: Segments, parts: Mapping[Side, NDArray[np.int64]]) -> str:
    digest = hashlib.sha256(f"{corpus.sample_rate_hz} {segments.length}".encode())
    for name, part in parts.items():
        rows = sorted(
            (corpus.tracks[int(track)].track.path, int(start))
            for track, start in zip(segments.track[part], segments.start[part], strict=True)
        )
        digest.update(repr((name, rows)).encode())
    return digest.hexdigest()
