"""What `tunebench cluster` prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.audio.sounds import tone, write


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Three tones of each of two pitches in folders of their own, and a file that is no audio."""
    root = tmp_path / "music"
    for name, hz in (("deep", 150.0), ("shrill", 3_000.0)):
        for number in range(3):
            write(root / name / f"{number}.wav", tone(0.5, hz=hz, noise=0.05, seed=number))
    (root / "deep" / "[broken].mp3").write_text("no audio at all\n" * 99)
    return root


def test_clusters_in_the_terminal(invoke: Callable, home: Path, music: Path) -> None:
    said = invoke("cluster", music)
    assert said.code == 0, said
    assert "skipped: deep/[broken].mp3: unreadable" in said.out
    assert "6 tracks by 57 features: 2 clusters" in said.out
    assert "  0:    3 tracks  silhouette 0." in said.out
    assert "       shrill/" in said.out
    assert "silhouette by number of clusters: 2 0." in said.out
    assert "agreement with 2 labels (folders) of 6 tracks: adjusted Rand index 1.00" in said.out
    assert str(home / "experiments" / "clusters" / "music" / "map.png") in said.out


def test_clusters_for_machines(invoke: Callable, music: Path, tmp_path: Path) -> None:
    said = invoke("cluster", music, "--clusters", "2", "--out", tmp_path / "out", "--json")
    summary = json.loads(said.out)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [row["tracks"] for row in summary["members"]] == [3, 3]


def test_noise_is_told(invoke: Callable, music: Path) -> None:
    said = invoke("cluster", music, "--method", "hdbscan", "--min-size", "6")
    assert said.code == 0, said
    assert "0 clusters" in said.out
    assert "6 tracks are noise: in no cluster" in said.out
    assert "HDBSCAN found no two dense groups in these tracks: try a smaller --min-size" in said.out


def test_mistakes(refused: Callable, music: Path, tmp_path: Path) -> None:
    assert "no such folder. Write the folder that holds your music" in refused("cluster", tmp_path / "none")
    assert "no search named 'nothing'" in refused("cluster", music, "--model", "nothing")
    assert "only 6 different tracks" in refused("cluster", music, "--clusters", "7")
    (tmp_path / "a.csv").write_text("filename,tempo\na.wav,100\nb.wav,\n")
    assert "'tempo' of b.wav is missing" in refused("cluster", tmp_path / "a.csv")
