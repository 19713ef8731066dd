"""Any folder of audio, and labels from folders or a file."""

from __future__ import annotations

import pytest
from tests.audio.sounds import tone, write

from tunebench.audio.collection import collect, labelled_by_file, labelled_by_folders
from tunebench.audio.track import Track
from tunebench.errors import DataError


def labels(*paths: str) -> list[str]:
    return [track.label for track in labelled_by_folders([Track(path, "") for path in paths])]


def test_files_at_any_depth(tmp_path):
    for name in ("b.wav", "x/a.WAV", "x/y/c.flac", ".hidden/d.wav", "x/.e.wav"):
        write(tmp_path / name, tone(0.1))
    (tmp_path / "notes.txt").write_text("no audio")
    assert [track.path for track in collect(tmp_path)] == ["b.wav", "x/a.WAV", "x/y/c.flac"]


def test_folders_without_music(tmp_path):
    with pytest.raises(DataError, match=r"absent: no such folder\. Write the folder that holds your music"):
        collect(tmp_path / "absent")
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(DataError, match=r"a\.txt: is a file"):
        collect(tmp_path / "a.txt")
    with pytest.raises(DataError, match="no audio file in this folder or below it"):
        collect(tmp_path)


def test_labels_are_folders_where_all_files_lie_in_some():
    assert labels("rock/a.wav", "jazz/b.wav", "jazz/live/c.wav") == ["rock", "jazz", "jazz"]
    assert labels("genres/rock/a.wav", "genres/jazz/b.wav") == ["rock", "jazz"]
    assert labels("rock/a.wav", "b.wav") == ["", ""]
    assert labels("all/a.wav", "all/b.wav") == ["", ""]
    assert labels("a.wav", "b.wav") == ["", ""]


def test_labels_from_a_file(tmp_path):
    tracks = [Track("x/a.wav", "x"), Track("y/a.wav", "y"), Track("y/b.wav", "y")]
    file = tmp_path / "labels.csv"
    file.write_text("path,label\nx/a.wav,rock\nb.mp3,jazz\nabsent.wav,folk\n")
    assert [track.label for track in labelled_by_file(tracks, file)] == ["rock", "", "jazz"]
    file.write_text("path,label\na.wav,rock\n")
    with pytest.raises(DataError, match=r"labels\.csv:2: 'a\.wav' may mean x/a\.wav, y/a\.wav"):
        labelled_by_file(tracks, file)
    file.write_text("path,label\nabsent.wav,rock\n")
    with pytest.raises(DataError, match=r"labels no file of the collection\. Write a path such as x/a\.wav"):
        labelled_by_file(tracks, file)
