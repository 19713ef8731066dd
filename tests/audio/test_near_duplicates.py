"""Copies of a recording, planted under every kind of change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.audio.sounds import write

from tunebench.app.corpus import write_cleaned
from tunebench.audio.audit import audit, cleaned
from tunebench.audio.near_duplicates import near_duplicates
from tunebench.audio.prepare import prepare
from tunebench.audio.store import Store
from tunebench.audio.table import read_table, write_table
from tunebench.errors import InputError
from tunebench.space.sections import DataSection, SplitSection

RATE_HZ = 16_000


def recording(seed: int, seconds: float = 6.0) -> np.ndarray:
    """Notes of several harmonics, at random times and pitches, over a little noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = 0.003 * rng.standard_normal(len(time_s))
    for begin in np.arange(0, seconds, 0.15):
        hz, late = 110 * 2 ** rng.uniform(0, 3), np.maximum(time_s - begin - 0.05 * rng.random(), 0)
        note = sum(np.sin(2 * np.pi * n * hz * late) / n for n in range(1, 7))
        sound += 0.1 * note * np.exp(-8 * late) * (late > 0)
    return sound / np.abs(sound).max() * 0.7


COPIES = {
    "exact": ("flac", lambda sound: sound),
    "quieter": ("flac", lambda sound: 0.1 * sound),
    "later": ("flac", lambda sound: sound[round(1.2345 * RATE_HZ) :]),
    "earlier": ("flac", lambda sound: np.concatenate([np.zeros(round(0.777 * RATE_HZ)), sound])),
    "ogg": ("ogg", lambda sound: sound),
    "mp3": ("mp3", lambda sound: sound),
    "m4a": ("m4a", lambda sound: sound),
    "all at once": ("ogg", lambda sound: 0.3 * sound[round(2.03 * RATE_HZ) :]),
}


def section(root: Path, **changed: object) -> DataSection:
    return DataSection(
        root=root, sample_rate=RATE_HZ, split=SplitSection(by="track", validation=0.2, test=0.2), **changed
    )  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve recordings, copies of one, and what is alike without being copied: hum, noise and silence."""
    folder = tmp_path_factory.mktemp("copies")
    for number in range(12):
        write(folder / "ab"[number % 2] / f"original-{number:02}.flac", recording(number), RATE_HZ)
    for name, (suffix, change) in COPIES.items():
        write(folder / "a" / f"copy-{name}.{suffix}", change(recording(0)), RATE_HZ)
    rng, time_s = np.random.default_rng(9), np.arange(5 * RATE_HZ) / RATE_HZ
    for number in range(4):
        hum = 0.2 * np.sin(2 * np.pi * 50 * time_s) + 0.002 * rng.standard_normal(len(time_s))
        write(folder / "b" / f"hum-{number}.flac", hum, RATE_HZ)
        write(folder / "b" / f"noise-{number}.flac", 0.2 * rng.standard_normal(len(time_s)), RATE_HZ)
        mostly_silent = np.pad(recording(100 + number, 0.8), (RATE_HZ * number, 4 * RATE_HZ))
        write(folder / "b" / f"silent-{number}.flac", mostly_silent, RATE_HZ)
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


def test_every_copy_is_found_and_nothing_else(root: Path, store: Store) -> None:
    corpus = prepare(section(root), store=store)
    names = [Path(stored.track.path).stem for stored in corpus.tracks]
    found = near_duplicates(corpus)
    pairs = {frozenset((names[pair.first], names[pair.second])) for pair in found}
    family = ["original-00", *(f"copy-{name}" for name in COPIES)]
    for copy in family[1:]:
        assert frozenset(("original-00", copy)) in pairs, copy
    assert all(pair <= set(family) for pair in pairs), pairs
    exact = {frozenset((names[p.first], names[p.second])) for p in found if p.exact}
    assert exact == {frozenset(("original-00", "copy-exact"))}


def test_where_the_copy_begins(root: Path, store: Store) -> None:
    corpus = prepare(section(root), store=store)
    names = [Path(stored.track.path).stem for stored in corpus.tracks]
    offsets = {}
    for pair in near_duplicates(corpus):
        first, second = names[pair.first], names[pair.second]
        if second == "original-00":
            offsets[first] = -pair.offset_s
    assert offsets["copy-later"] == pytest.approx(1.2345, abs=0.03)
    assert offsets["copy-earlier"] == pytest.approx(-0.777, abs=0.03)


def test_a_cleaned_manifest_keeps_copies_together(root: Path, store: Store, tmp_path: Path) -> None:
    data = section(root)
    found = audit(data, store=store, pairs=True)
    assert all(pair.apart and not pair.contradicts for pair in found.pairs if not pair.exact)
    write_table(tmp_path / "clean.csv", cleaned(data, found))
    tracks = {Path(track.path).stem: track for track in read_table(tmp_path / "clean.csv", root)}
    assert "copy-exact" not in tracks or "original-00" not in tracks
    left = {name: track.group for name, track in tracks.items()}
    family = {group for name, group in left.items() if name.startswith("copy-")}
    assert len(family) == 1
    assert len(set(left.values())) == 12 + 12


def test_near_copies_with_two_classes_stay_together(root: Path, store: Store, tmp_path: Path) -> None:
    for name in ("one", "two", "three", "four"):
        write(tmp_path / "a" / f"{name}.flac", recording(len(name)), RATE_HZ)
        write(tmp_path / "b" / f"{name}.flac", recording(50 + len(name)), RATE_HZ)
    write(tmp_path / "b" / "mislabelled.flac", 0.5 * recording(3), RATE_HZ)
    data = section(tmp_path)
    found = audit(data, store=store, pairs=True)
    assert any(pair.contradicts for pair in found.pairs)
    kept = {track.path for track in cleaned(data, found)}
    assert "b/mislabelled.flac" in kept, "a near copy is reported, and nobody's word is taken"
    assert "a/four.flac" in kept
    assert ("a/one.flac" in kept) != ("a/two.flac" in kept), "exact copies of one class"


def test_what_is_put_into_one_group_has_one_fold(store: Store, tmp_path: Path) -> None:
    for number in range(6):
        write(tmp_path / "a" / f"{number}.flac", recording(number), RATE_HZ)
        write(tmp_path / "b" / f"{number}.flac", recording(60 + number), RATE_HZ)
    write(tmp_path / "a" / "9-copy.flac", 0.5 * recording(0), RATE_HZ)
    rows = [
        f"{p.parent.name}/{p.name},{p.parent.name},{1 + n % 3}"
        for n, p in enumerate(sorted(tmp_path.rglob("*.flac")))
    ]
    (tmp_path / "tracks.csv").write_text("path,label,fold\n" + "\n".join(rows) + "\n")
    named = section(tmp_path, manifest="tracks.csv")
    dealt = section(tmp_path, folds=3)
    for data in (named, dealt):
        kept = {track.path: track for track in cleaned(data, audit(data, store=store, pairs=True))}
        one, other = kept["a/0.flac"], kept["a/9-copy.flac"]
        assert one.group == other.group
        assert one.fold == other.fold
        assert (one.fold is None) == (data is dealt), "folds that are dealt are dealt anew"
    with pytest.raises(InputError, match="the corpus's own manifest"):
        write_cleaned(named, audit(named, store=store), tmp_path / "tracks.csv")


def test_short_clips_are_compared_too(store: Store, tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / "a" / f"{number}.flac", recording(number, 1.0), RATE_HZ)
        write(tmp_path / "b" / f"{number}.flac", recording(70 + number, 1.0), RATE_HZ)
    write(tmp_path / "a" / "copy.flac", 0.4 * recording(2, 1.0), RATE_HZ)
    data = section(tmp_path)
    assert [(p.first, p.second) for p in audit(data, store=store, pairs=True).pairs] == [
        ("a/2.flac", "a/copy.flac")
    ]


def test_clips_too_short_for_any_fingerprint(store: Store, tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "a" / f"{number}.flac", recording(number, 0.2), RATE_HZ)
        write(tmp_path / "b" / f"{number}.flac", recording(70 + number, 0.2), RATE_HZ)
    write(tmp_path / "a" / "copy.flac", recording(2, 0.2), RATE_HZ)
    found = audit(section(tmp_path), store=store, pairs=True)
    assert [(p.first, p.second, p.exact) for p in found.pairs] == [("a/2.flac", "a/copy.flac", True)]
