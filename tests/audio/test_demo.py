from __future__ import annotations

import csv
import hashlib
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_score

from tunebench.audio import demo
from tunebench.errors import InputError, StorageError

SMALL = {"classes": 2, "artists": 2, "tracks_per_artist": 2, "seconds": 1.0}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> demo.DemoSummary:
    start = time.perf_counter()
    summary = demo.write(tmp_path_factory.mktemp("demo"))
    assert time.perf_counter() - start < 20
    return summary


@pytest.fixture(scope="module")
def rows(corpus) -> list[dict[str, str]]:
    with corpus.manifest.open(newline="") as file:
        return list(csv.DictReader(file))


def digests(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_same_seed_gives_the_same_bytes_and_another_seed_none_of_them(tmp_path):
    for name, seed in (("first", 7), ("second", 7), ("other", 8)):
        demo.write(tmp_path / name, seed=seed, **SMALL)
    first, second, other = (digests(tmp_path / name) for name in ("first", "second", "other"))
    assert first == second
    audio = [path for path in first if path.endswith(".wav")]
    assert len(audio) == 8
    assert len({digest for path, digest in first.items() if path in audio}) == 8
    assert not any(first[path] == other[path] for path in audio)


def test_a_track_does_not_depend_on_what_else_is_made(corpus, tmp_path):
    demo.write(tmp_path, classes=2, artists=1, tracks_per_artist=1)
    full, part = digests(corpus.directory), digests(tmp_path)
    audio = [path for path in part if path.endswith(".wav")]
    assert len(audio) == 2
    assert all(full[path] == part[path] for path in audio)


def test_summary_counts_classes_artists_and_tracks(corpus):
    assert len(corpus.classes) >= 8
    assert corpus.classes == tuple(sorted(corpus.classes))
    assert corpus.artists == 6 * len(corpus.classes)
    assert corpus.tracks == 3 * corpus.artists
    assert corpus.duration_s == corpus.tracks * 6.0


def test_manifest_and_folders_name_the_same_tracks(corpus, rows):
    assert list(rows[0]) == ["path", "label", "group", "fold"]
    on_disk = {path.relative_to(corpus.directory).as_posix() for path in corpus.directory.rglob("*.wav")}
    assert {row["path"] for row in rows} == on_disk
    assert all(row["path"].split("/")[0] == row["label"] for row in rows)


def test_an_artist_has_one_class_and_one_fold_and_folds_hold_every_class(corpus, rows):
    artists = {(row["group"], row["label"], row["fold"]) for row in rows}
    assert len({group for group, _, _ in artists}) == len(artists) == corpus.artists
    per_cell = Counter((label, fold) for _, label, fold in artists)
    assert len(per_cell) == 6 * len(corpus.classes)
    assert set(per_cell.values()) == {1}


def test_tracks_are_sound_and_do_not_clip(corpus, rows):
    for row in rows:
        wave, rate_hz = soundfile.read(corpus.directory / row["path"], dtype="int16")
        assert rate_hz == 16000
        assert wave.shape == (6 * 16000,)
        assert 2000 < np.max(np.abs(wave.astype(int))) < 32000, row["path"]
        assert np.sqrt(np.mean((wave / 32768.0) ** 2)) > 0.005, row["path"]


def test_credits_say_that_the_corpus_is_free(corpus):
    assert "CC0" in (corpus.directory / "README.txt").read_text()


def test_segment_split_inflates_accuracy_and_group_split_does_not(corpus, rows):
    features, labels, groups = [], [], []
    for row in rows:
        wave, _ = soundfile.read(corpus.directory / row["path"])
        for segment in wave.reshape(-1, 32000):
            features.append(timbre(segment))
            labels.append(row["label"])
            groups.append(row["group"])
    forest = RandomForestClassifier(100, random_state=0)
    by_group = cross_val_score(forest, features, labels, groups=groups, cv=GroupKFold(6)).mean()
    by_segment = cross_val_score(
        forest, features, labels, cv=StratifiedKFold(6, shuffle=True, random_state=0)
    ).mean()
    assert 0.5 < by_group < 0.85
    assert by_segment > by_group + 0.12


def timbre(segment: np.ndarray) -> np.ndarray:
    """Mean, spread and unrest of 40 bands of a log spectrogram, `(120,)`."""
    frames = np.lib.stride_tricks.sliding_window_view(segment, 1024)[::256] * np.hanning(1024)
    power = np.abs(np.fft.rfft(frames)) ** 2  # (frames, bins)
    edges = np.unique(np.round(np.geomspace(2, 512, 41)).astype(int))
    bands_db = 10 * np.log10(np.add.reduceat(power, edges[:-1], axis=1) + 1e-8)  # (frames, bands)
    return np.concatenate([bands_db.mean(0), bands_db.std(0), np.abs(np.diff(bands_db, axis=0)).mean(0)])


def test_progress_counts_every_track(tmp_path):
    seen = []
    demo.write(tmp_path, progress=lambda done, total: seen.append((done, total)), **SMALL)
    assert seen == [(done, 8) for done in range(1, 9)]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("classes", 0),
        ("classes", 99),
        ("artists", 0),
        ("tracks_per_artist", 0),
        ("seconds", 0.1),
        ("sample_rate", 8000),
    ],
)
def test_an_argument_out_of_range_is_named_with_its_range(tmp_path, argument, value):
    with pytest.raises(InputError, match=rf"{argument} must be from .* to .* Received: {value}"):
        demo.write(tmp_path / "new", **{argument: value})
    assert not (tmp_path / "new").exists()


def test_writes_over_an_earlier_demo_but_not_beside_other_files(tmp_path):
    demo.write(tmp_path, **SMALL)
    demo.write(tmp_path, **SMALL)
    (tmp_path / "techno" / "mine.wav").write_bytes(b"")
    with pytest.raises(InputError, match=r"Received: 1 other file\(s\), .*mine\.wav"):
        demo.write(tmp_path, **SMALL)


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Received: a file"):
        demo.write(tmp_path / "file", **SMALL)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written here"):
        demo.write(tmp_path / "file" / "below", **SMALL)
