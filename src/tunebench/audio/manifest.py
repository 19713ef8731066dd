"""Which tracks a corpus has, and what is said of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunebench.audio import gtzan
from tunebench.audio.feature_table import read_feature_table
from tunebench.audio.folders import scan, scan_flat
from tunebench.audio.groups import groups_in_file, groups_in_paths, with_groups
from tunebench.audio.labels import with_labels
from tunebench.audio.layout import Layout
from tunebench.audio.table import read_table
from tunebench.audio.track import Track, shown
from tunebench.errors import DataError

if TYPE_CHECKING:
    from tunebench.space.sections import DataSection

__all__ = ["Track", "read"]


def read(data: DataSection) -> tuple[Track, ...]:
    """The tracks of a corpus, sorted by path, with the groups that the manifest or `data.group` gives.

    Labels are those of the manifest or of the folders, or what `data.label` finds in the paths. A published
    protocol (`lists: gtzan_fault_filtered`) brings its artists as groups.

    Raises:
        DataError: no such folder, a faulty manifest or source of labels or groups, or fewer than two classes.
    """
    if not data.root.is_dir():
        raise DataError(
            f"{data.root}: no such folder. Write data.root (or --data): the folder of your audio."
        )
    if not (data.root / (data.audio or ".")).is_dir():
        raise DataError(
            f"data.audio: no folder '{data.audio}' in {data.root}. Write the folder below data.root that "
            "holds the audio, or leave data.audio out."
        )
    tracks = _listed(data)
    if data.label is not None:
        tracks = with_labels(tracks, data.label.pattern)
    if any(track.group is None for track in tracks):
        tracks = _grouped(tracks, data)
    labels = {track.label for track in tracks}
    if len(labels) < 2:
        raise DataError(
            f"{data.root}: one class only, {shown(labels)}. A classifier needs at least two: "
            "one folder per class, or two labels in the manifest."
        )
    return tuple(sorted(tracks, key=lambda track: track.path))


def _listed(data: DataSection) -> list[Track]:
    if data.table:
        return list(read_feature_table(data.root / data.table).tracks)
    if data.manifest:
        return read_table(data.root / data.manifest, data.root, Layout.of(data))
    return scan_flat(data.root, data.audio) if data.label else scan(data.root, data.audio)


def _grouped(tracks: list[Track], data: DataSection) -> list[Track]:
    if data.group is not None and data.group.pattern is not None:
        return with_groups(tracks, groups_in_paths(tracks, data.group.pattern))
    if data.group is not None and data.group.file is not None:
        return with_groups(tracks, groups_in_file(tracks, data.group.file))
    if isinstance(data.split.lists, str):
        with gtzan.file(gtzan.ARTISTS) as artists:
            return with_groups(tracks, groups_in_file(tracks, artists))
    return tracks
