"""A folder of music sorted by sound, as a user runs it."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.audio.sounds import tone, write

import tunebench
from tunebench.errors import DataError, InputError
from tunebench.evaluation.clusters import k_means, standardised
from tunebench.features import matrix

PITCHES_HZ = {"deep": 150.0, "shrill": 3_000.0}


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four tones of each of two pitches, in one folder; the pitch is the name's beginning. Read it only."""
    root = tmp_path_factory.mktemp("music") / "mine"
    for name, hz in PITCHES_HZ.items():
        for number in range(4):
            samples = tone(0.6, 16_000, hz=hz * (1 + number / 40), noise=0.05, seed=number)
            write(root / f"{name} {number}.wav", samples)
    return root


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("TUNEBENCH_HOME", str(folder))
    monkeypatch.delenv("TUNEBENCH_STORE", raising=False)
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_an_unlabelled_folder(music, home, monkeypatch):
    told: list[tuple[str, int, int]] = []
    found = tunebench.cluster_collection(music, progress=lambda *what: told.append(what))
    assert found.folder.path == home / "experiments" / "clusters" / "mine"
    assert found.folder.map.read_bytes().startswith(b"\x89PNG")
    table = rows(found.folder.table)
    assert list(table[0]) == ["path", "cluster", "x", "y", "silhouette", "distance", "label"]
    assert [row["path"] for row in table] == sorted(path.name for path in music.iterdir())
    together = {row["path"].split()[0]: set() for row in table}
    for row in table:
        together[row["path"].split()[0]].add(row["cluster"])
        assert row["label"] == ""
    assert sorted(map(sorted, together.values())) == [["0"], ["1"]]
    summary = json.loads(found.folder.summary.read_text())
    assert summary == found.summary
    assert (summary["clusters"], summary["noise"], summary["agreement"], summary["map"]) == (
        2,
        0,
        None,
        "PCA",
    )
    assert [row["clusters"] for row in summary["tried"]] == list(range(2, 8))
    assert summary["silhouette"] == pytest.approx(
        np.mean([float(row["silhouette"]) for row in table]), abs=1e-5
    )
    assert {what for what, *_ in told} == {"decoding", "features", "clustering"}
    assert told.count(("features", 8, 8)) == 1

    def refuse(*arguments: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("tunebench.features.table.summary_features", refuse)
    assert tunebench.cluster_collection(music).summary == found.summary


def test_new_files_alone_are_computed(music, home, tmp_path, monkeypatch):
    grown = shutil.copytree(music, tmp_path / "grown")
    tunebench.cluster_collection(music, out=tmp_path / "out")
    write(grown / "new.wav", tone(0.6, hz=800))
    computed: list[int] = []
    known = matrix.extracted
    monkeypatch.setattr(
        matrix, "extracted",
        lambda corpus, tracks, *rest, **options: computed.append(len(tracks))
        or known(corpus, tracks, *rest, **options),
    )  # fmt: skip
    assert tunebench.cluster_collection(grown, out=tmp_path / "out").summary["tracks"] == 9
    assert computed == [1]


def test_the_middle_of_long_tracks(music, home, tmp_path):
    """Loud noise around some of the tones groups whole tracks, and is not heard where the middle alone is."""
    long = tmp_path / "long"
    for source in music.iterdir():
        pitch, number = source.stem.split()
        level = 0.3 if int(number) % 2 else 0.001
        noise = np.random.default_rng(len(pitch) + int(number)).normal(0, level, 32_000).astype(np.float32)
        middle = tone(1.0, hz=PITCHES_HZ[pitch], noise=0.02, seed=int(number))
        write(long / source.name, np.concatenate([noise, middle, noise]))
    by_middle = tunebench.cluster_collection(long, clusters=2, seconds=0.9, out=tmp_path / "out")
    assert by_middle.clusters.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    whole = tunebench.cluster_collection(long, clusters=2, seconds=0, out=tmp_path / "out")
    assert whole.clusters.labels.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]


def test_labels_from_folders_and_from_a_file(music, home, tmp_path):
    sorted_ = tmp_path / "sorted"
    for file in music.iterdir():
        (sorted_ / file.name.split()[0]).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, sorted_ / file.name.split()[0])
    by_folder = tunebench.cluster_collection(sorted_, clusters=2).summary["agreement"]
    assert (by_folder["labelled_by"], by_folder["ari"], by_folder["ami"]) == ("folders", 1.0, 1.0)
    assert by_folder["counts"] == [[4, 0], [0, 4]]
    file = tmp_path / "labels.csv"
    file.write_text("path,label\ndeep 0,even\ndeep 1,odd\nshrill 0,even\nshrill 1,odd\n")
    by_file = tunebench.cluster_collection(music, clusters=2, labels=file).summary["agreement"]
    assert (by_file["labelled_by"], by_file["labelled"]) == ("labels.csv", 4)
    assert by_file["counts"] == [[1, 1], [1, 1]]
    assert by_file["ari"] < 0


def test_a_table_gives_what_its_figures_give(home, tmp_path):
    rng = np.random.default_rng(4)
    truth = np.repeat([0, 1, 2], [20, 15, 10])
    figures = rng.normal(size=(45, 3)) + 12 * np.eye(3)[truth]
    table = pd.DataFrame(figures * [1, 1e3, 1e-3], columns=["tempo", "rolloff_mean", "rms_mean"])
    table.insert(0, "filename", [f"{number}.wav" for number in range(45)])
    table["label"] = np.array(["slow", "bright", "loud"])[truth]
    table.to_csv(tmp_path / "songs.csv", index=False)
    found = tunebench.cluster_collection(tmp_path / "songs.csv", method="hdbscan", min_size=6)
    assert found.folder.path.name == "songs"
    assert found.summary["noise"] == found.clusters.noise
    assert found.summary["agreement"]["ari_without_noise"] in (None, 1.0)
    k = tunebench.cluster_collection(tmp_path / "songs.csv", seed=5)
    np.testing.assert_array_equal(k.clusters.labels, truth)
    expected = k_means(standardised(table.iloc[:, 1:4].to_numpy()), None, seed=5)
    np.testing.assert_array_equal(k.clusters.labels, expected.labels)
    assert next(iter(k.summary["members"][0]["marks"])) == "tempo"
    assert k.summary["map"] == "t-SNE"


def test_the_corpus_of_a_yaml_file(write_space: Callable[..., Path], home, tiny_corpus):
    for folder in tiny_corpus.iterdir():
        assert folder.is_dir()
    found = tunebench.cluster_collection(write_space(), clusters=3)
    assert found.summary["tracks"] == 24
    assert found.summary["agreement"]["labelled_by"] == "folders"
    assert found.summary["agreement"]["ari"] > 0.5


def test_files_that_cannot_be_used_are_named(music, home, tmp_path):
    mixed = shutil.copytree(music, tmp_path / "mixed")
    (mixed / "broken.mp3").write_text("no audio at all\n" * 99)
    found = tunebench.cluster_collection(mixed)
    assert found.summary["tracks"] == 8
    (bad,) = found.summary["quarantined"]
    assert (bad["path"], bad["fault"]) == ("broken.mp3", "unreadable")
    for file in mixed.glob("*.wav"):
        file.unlink()
    with pytest.raises(DataError, match=r"none of its 1 files can be used; broken\.mp3: unreadable"):
        tunebench.cluster_collection(mixed)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "hdbscan", "clusters": 3}, "--clusters goes with k-means"),
        ({"min_size": 3}, "--min-size goes with HDBSCAN"),
        ({"clusters": 1}, r"--clusters: must be 2 or more\. Received: 1"),
        ({"seconds": -1.0}, "--seconds: must be 0.1 or more, or 0"),
        ({"method": "means"}, "--method: must be kmeans or hdbscan"),
    ],
)
def test_options_that_do_not_go_together(tmp_path, options, said):
    with pytest.raises(InputError, match=said):
        tunebench.cluster_collection(tmp_path / "absent", **options)


def test_a_table_has_no_audio(tmp_path):
    with pytest.raises(InputError, match="--model and --seconds need audio"):
        tunebench.cluster_collection(tmp_path / "a.csv", model="demo")


def test_fewer_tracks_than_clusters(music, home, tmp_path):
    with pytest.raises(InputError, match=r"only 8 different tracks\. Received: 9"):
        tunebench.cluster_collection(music, clusters=9)
    pair = tmp_path / "pair"
    pair.mkdir()
    for number in (0, 1):
        shutil.copy(music / f"deep {number}.wav", pair)
    with pytest.raises(InputError, match="2 tracks cannot be clustered: give at least 3"):
        tunebench.cluster_collection(pair)
    for name in "abc":
        shutil.copy(music / "deep 0.wav", pair / f"{name}.wav")
    (pair / "deep 1.wav").unlink()
    with pytest.raises(InputError, match="all 4 tracks are the same to these features"):
        tunebench.cluster_collection(pair)
