"""One audio file of a corpus, and finding it by what a list calls it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Literal

Side = Literal["train", "validation", "test"]
SIDES: tuple[Side, ...] = ("train", "validation", "test")

SUFFIXES = tuple(
    f".{name}"
    for name in (
        *(
            "wav",
            "flac",
            "mp3",
            "ogg",
            "au",
            "aiff",
            "m4a",
            "aac",
            "wma",
            "opus",
            "aif",
            "aifc",
            "wave",
            "oga",
        ),
        *("snd", "caf", "w64", "rf64", "mp2", "m4b", "mp4", "asf", "webm", "mka", "amr", "ac3", "ape", "wv"),
    )
)
"""What a file in a folder must end in to count as audio; a manifest may name others."""


@dataclass(frozen=True, slots=True)
class Track:
    """An audio file: `path` is relative to the corpus's root, with forward slashes.

    A track without a group is a group of its own.
    """

    path: str
    label: str
    group: str | None = None
    fold: int | None = None
    split: Side | None = None


def stem(path: str) -> str:
    """A path without its audio suffix: `rock/a.01.wav` and `rock/a.01` are both `rock/a.01`."""
    pure = PurePosixPath(path)
    return str(pure.with_suffix("")) if pure.suffix.lower() in SUFFIXES else str(pure)


class TracksByName:
    """Finds tracks by a path, or by as much of its end as a list gives, whatever the suffix."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._by_name: defaultdict[str, list[int]] = defaultdict(list)
        self._stems = [PurePosixPath(stem(track.path)).parts for track in tracks]
        for index, parts in enumerate(self._stems):
            self._by_name[parts[-1]].append(index)

    def find(self, name: str) -> Sequence[int]:
        """Positions of the tracks that `name` may mean: none, one, or several if it is ambiguous.

        `genres/rock/rock.00001.wav` is found by `rock.00001` and also by `data/rock/rock.00001.au`, since no
        other file has this stem; of several with one stem the best match of folders counts.
        """
        wanted = PurePosixPath(stem(name)).parts
        found = self._by_name.get(wanted[-1], []) if wanted else []
        if len(found) < 2:
            return found
        agreeing = [_common_end(self._stems[index], wanted) for index in found]
        return [index for index, parts in zip(found, agreeing, strict=True) if parts == max(agreeing)]


def _common_end(a: Sequence[str], b: Sequence[str]) -> int:
    pairs = zip(reversed(a), reversed(b), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def shown(names: Iterable[str], limit: int = 5) -> str:
    """The first few names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
