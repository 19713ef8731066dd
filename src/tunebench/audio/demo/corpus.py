"""Writing the demo corpus: one folder a class, a manifest, and a note on where it comes from."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import soundfile

from tunebench.audio.demo.artists import draw
from tunebench.audio.demo.genres import GENRES, Genre
from tunebench.audio.demo.performance import play
from tunebench.audio.demo.studio import record
from tunebench.cores import usable_cores
from tunebench.errors import InputError, StorageError
from tunebench.seeding import child_rng

FOLDS = 6
MANIFEST = "manifest.csv"
README = "README.txt"

_README_TEXT = """\
tunebench demo corpus
=====================
{tracks} tracks of {seconds:g} s at {rate} Hz: {classes} genres, {artists} artists each.
Made by `tunebench data demo` (seed {seed}).

No recording went into it: every sound is computed. The genres are sketches of a rhythm and a harmony,
the artists are draws of timbre, room, equaliser and noise. manifest.csv names label, artist (group) and fold.

To the extent possible under law, its makers waive all rights to these files (CC0 1.0):
https://creativecommons.org/publicdomain/zero/1.0/
"""


@dataclass(frozen=True)
class DemoSummary:
    """What was written: the folder, its manifest, the classes, and how many artists, tracks and seconds."""

    directory: Path
    manifest: Path
    classes: tuple[str, ...]
    artists: int
    tracks: int
    duration_s: float


@dataclass(frozen=True)
class _Take:
    """One track to be made."""

    genre: Genre
    artist: int
    track: int

    @property
    def group(self) -> str:
        return f"{self.genre.name}-artist{self.artist + 1}"

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.genre.name, f"{self.group}-track{self.track + 1}.wav")

    @property
    def fold(self) -> int:
        return self.artist % FOLDS + 1


def write(
    directory: Path,
    *,
    seed: int = 7,
    classes: int | None = None,
    artists: int = 6,
    tracks_per_artist: int = 3,
    seconds: float = 6.0,
    sample_rate: int = 16000,
    progress: Callable[[int, int], None] | None = None,
) -> DemoSummary:
    """Synthesise the demo corpus into a new or empty folder, or over an earlier one of the same shape.

    The same arguments give the same bytes, whatever the number of cores. Files are mono 16-bit WAV.

    Args:
        directory: made where it is missing.
        seed: what artists and tracks are drawn from.
        classes: the first so many genres; all of them by default.
        artists: artists a class. Each stands in one of six folds, the same number of artists in each.
        tracks_per_artist: tracks an artist.
        seconds: length of a track.
        sample_rate: in Hz.
        progress: called with (tracks done, tracks in all) after each track.

    Raises:
        InputError: an argument is out of range, or the folder holds files of another origin.
        StorageError: the folder cannot be written.
    """
    classes = len(GENRES) if classes is None else classes
    _check("classes", classes, 1, len(GENRES))
    _check("artists", artists, 1, 1000)
    _check("tracks_per_artist", tracks_per_artist, 1, 1000)
    _check("seconds", seconds, 0.5, 600)
    _check("sample_rate", sample_rate, 16000, 48000)
    takes = [
        _Take(genre, artist, track)
        for genre in GENRES[:classes]
        for artist in range(artists)
        for track in range(tracks_per_artist)
    ]
    _refuse_other_files(directory, {Path(take.path) for take in takes})
    samples = round(seconds * sample_rate)

    def make(take: _Take) -> None:
        artist = draw(take.genre, child_rng(seed, "demo", take.group))
        rng = child_rng(seed, "demo", take.path)
        dry = play(take.genre, artist, samples, sample_rate, rng)
        wave = record(dry, sample_rate, artist, rng)
        buffer = io.BytesIO()
        soundfile.write(buffer, wave, sample_rate, format="WAV", subtype="PCM_16")
        (directory / take.path).write_bytes(buffer.getvalue())

    try:
        for genre in GENRES[:classes]:
            (directory / genre.name).mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(usable_cores()) as pool:
            for done, _ in enumerate(pool.map(make, takes), start=1):
                if progress is not None:
                    progress(done, len(takes))
        (directory / MANIFEST).write_bytes(_manifest(takes).encode())
        readme = _README_TEXT.format(
            tracks=len(takes), seconds=seconds, rate=sample_rate, classes=classes, artists=artists, seed=seed
        )
        (directory / README).write_bytes(readme.encode())
    except OSError as error:
        raise StorageError(
            f"{directory}: the demo corpus cannot be written here ({error.strerror}). "
            "Name a folder on a disk with some 30 MB free that you may write to."
        ) from error
    return DemoSummary(
        directory=directory,
        manifest=directory / MANIFEST,
        classes=tuple(sorted(genre.name for genre in GENRES[:classes])),
        artists=classes * artists,
        tracks=len(takes),
        duration_s=len(takes) * samples / sample_rate,
    )


def _manifest(takes: Iterable[_Take]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["path", "label", "group", "fold"])
    rows.writerows([take.path, take.genre.name, take.group, take.fold] for take in takes)
    return text.getvalue()


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError(f"demo corpus: {name} must be from {low} to {high}. Received: {value}.")


def _refuse_other_files(directory: Path, planned: set[Path]) -> None:
    """Refuse files that this call would not write: later they would pass for a part of the corpus."""
    if directory.exists() and not directory.is_dir():
        raise InputError(
            f"{directory}: the demo corpus needs a folder. Received: a file. Name another folder."
        )
    planned = planned | {Path(MANIFEST), Path(README)}
    others = sorted(
        path for path in directory.rglob("*") if path.is_file() and path.relative_to(directory) not in planned
    )
    if others:
        raise InputError(
            f"{directory}: the demo corpus needs a new or empty folder. "
            f"Received: {len(others)} other file(s), {others[0].relative_to(directory)} the first. "
            "Name another folder, or empty this one."
        )
