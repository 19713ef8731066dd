"""GTZAN's published splits and artists, shipped with the package."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path

from tunebench.audio.track import Side
from tunebench.errors import DataError

ARTISTS = "artists.txt"

PROTOCOLS: Mapping[str, Mapping[Side, str]] = {
    "gtzan_fault_filtered": {
        "train": "train_filtered.txt",
        "validation": "valid_filtered.txt",
        "test": "test_filtered.txt",
    },
    "gtzan_stratified": {
        "train": "train_stratified.txt",
        "validation": "valid_stratified.txt",
        "test": "test_stratified.txt",
    },
}
"""File of each side, by the protocol's name. See data/gtzan/README.md for where they come from."""


def protocol(name: str) -> Mapping[Side, str]:
    """The files of a protocol.

    Raises:
        DataError: there is none of this name.
    """
    if name not in PROTOCOLS:
        raise DataError(f"data.split.lists: must be one of {', '.join(PROTOCOLS)}. Received: {name!r}")
    return PROTOCOLS[name]


def file(name: str) -> AbstractContextManager[Path]:
    """A shipped file as a path, valid inside the `with` block."""
    return as_file(files("tunebench").joinpath("data", "gtzan", name))
