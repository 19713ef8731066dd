"""Classes that the paths say, where neither folders nor a manifest do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tunebench.audio.track import Track, shown
from tunebench.errors import DataError


def with_labels(tracks: Sequence[Track], pattern: str) -> list[Track]:
    """Give each track without a label what the pattern's named part `label` finds in its path.

    Raises:
        DataError: it finds nothing in some path.
    """
    compiled = re.compile(pattern)
    labelled: list[Track] = []
    missed: list[str] = []
    for track in tracks:
        found = None if track.label else compiled.search(track.path)
        label = track.label or (found["label"] if found else None)
        if label:
            labelled.append(replace(track, label=label))
        else:
            missed.append(track.path)
    if missed:
        raise DataError(
            f"data.label.pattern: {pattern!r} finds no label in {len(missed)} of {len(tracks)} paths: "
            f"{shown(missed)}. Write a pattern that finds one in each, or take these files out of data.root."
        )
    return labelled
