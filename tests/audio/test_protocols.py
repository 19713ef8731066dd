"""The files of `search_spaces/protocols/` on corpora that are laid out as the data sets are distributed."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tests.audio.sounds import data_section, paper_corpus, tone, write

from tunebench.app.corpus import audit_data, write_cleaned
from tunebench.audio.manifest import read
from tunebench.audio.prepare import prepare, with_dealt_folds
from tunebench.audio.segments import segment
from tunebench.audio.splits import split
from tunebench.audio.store import Store
from tunebench.audio.track import SIDES
from tunebench.errors import DataError
from tunebench.space import load
from tunebench.space.sections import GroupSource, LabelSource, ManifestColumns, SplitSection

PROTOCOLS = Path(__file__).parents[2] / "search_spaces" / "protocols"
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
HEADER = "filename,fold,target,category,esc10,src_file,take\n"


def empty(root, paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def esc50(root, make=Path.touch):
    """Two clips of one recording in each of five folds, of four classes; two of them are ESC-10's."""
    rows = []
    (root / "audio").mkdir(parents=True)
    for fold, (target, label) in product(
        range(1, 6), {0: "dog", 1: "rooster", 14: "chirping_birds", 36: "vacuum_cleaner"}.items()
    ):
        for take in "AB":
            source = 100_000 * fold + target
            name = f"{fold}-{source}-{take}-{target}.wav"
            make(root / "audio" / name)
            rows.append(f"{name},{fold},{target},{label},{target < 2},{source},{take}\n")
    (root / "meta").mkdir()
    (root / "meta" / "esc50.csv").write_text(HEADER + "".join(rows))
    return root


def fsdd(root, digits=range(10), speakers=SPEAKERS, takes=2, make=Path.touch):
    (root / "recordings").mkdir(parents=True)
    for digit, speaker, take in product(digits, speakers, range(takes)):
        make(root / "recordings" / f"{digit}_{speaker}_{take}.wav")
    (root / "README.md").touch()
    return root


def parts(data, seconds=1):
    """Of a corpus on paper: the tracks of each side, and the split."""
    corpus = with_dealt_folds(
        paper_corpus(list(read(data)), samples=seconds * data.sample_rate, rate=data.sample_rate), data
    )
    segments = segment(corpus, data.segment)
    made = split(corpus, segments, data.split)
    tracks = {
        side: [corpus.tracks[index].track for index in np.unique(segments.track[made.side(side)])]
        for side in SIDES
    }
    return tracks, made


@pytest.mark.parametrize(("folder", "suffix"), [("genres", "au"), ("genres_original", "wav")])
@pytest.mark.parametrize(
    ("name", "sizes", "leakage"),
    [
        ("gtzan_fault_filtered", [443, 197, 290], "none"),
        ("gtzan_stratified", [500, 250, 250], "group"),
    ],
)
def test_gtzan(tmp_path, folder, suffix, name, sizes, leakage):
    files = (f"{folder}/{genre}/{genre}.{n:05d}.{suffix}" for genre, n in product(GENRES, range(100)))
    data = load(PROTOCOLS / f"{name}.yaml", data_root=empty(tmp_path, files)).data
    sides, made = parts(data, seconds=30)
    assert [len(tracks) for tracks in sides.values()] == sizes
    assert made.leakage == leakage
    assert made.missing == ()
    assert {track.label for track in sides["train"]} == set(GENRES)


@pytest.mark.parametrize(
    ("name", "classes"),
    [("esc50", {"chirping_birds", "dog", "rooster", "vacuum_cleaner"}), ("esc10", {"dog", "rooster"})],
)
def test_esc(tmp_path, name, classes):
    data = load(PROTOCOLS / f"{name}.yaml", data_root=esc50(tmp_path)).data
    tracks = {track.path: track for track in read(data)}
    assert {track.label for track in tracks.values()} == classes
    dog = tracks["audio/4-400000-B-0.wav"]
    assert (dog.label, dog.fold, dog.group) == ("dog", 4, "400000")
    sides, made = parts(data, seconds=5)
    assert [len(sides[side]) for side in SIDES] == [6 * len(classes), 2 * len(classes), 2 * len(classes)]
    assert {track.fold for track in sides["train"]} == {1, 2, 3}
    assert {track.fold for track in sides["test"]} == {5}
    assert made.leakage == "none"


def test_esc_is_decoded(tmp_path):
    pitch = iter(range(100, 10_000, 10))
    root = esc50(tmp_path / "ESC-50", lambda path: write(path, tone(0.2, 44_100, next(pitch)), 44_100))
    data = load(PROTOCOLS / "esc10.yaml", data_root=root).data
    corpus = prepare(data, store=Store(tmp_path / "store"))
    assert (len(corpus.tracks), corpus.classes, corpus.quarantined) == (20, ("dog", "rooster"), ())


@pytest.mark.parametrize("below", ["", "recordings"])
def test_fsdd(tmp_path, below):
    data = load(PROTOCOLS / "fsdd.yaml", data_root=fsdd(tmp_path) / below).data
    tracks = {Path(track.path).name: track for track in read(data)}
    assert len(tracks) == 120
    assert {track.label for track in tracks.values()} == set("0123456789")
    assert (tracks["7_jackson_1.wav"].label, tracks["7_jackson_1.wav"].group) == ("7", "jackson")
    sides, made = parts(data)
    speakers = {side: {track.group for track in sides[side]} for side in SIDES}
    assert [len(speakers[side]) for side in SIDES] == [4, 1, 1]
    assert set.union(*speakers.values()) == set(SPEAKERS)
    assert made.leakage == "none"


class TestColumns:
    def data(self, root, columns=None, **options):
        columns = ManifestColumns(**(columns or {"path": "filename", "label": "category"}))
        return data_section(
            esc50(root), **{"manifest": "meta/esc50.csv", "columns": columns, "audio": "audio", **options}
        )

    @pytest.mark.parametrize(
        ("columns", "message"),
        [
            (
                {"path": "file", "label": "category"},
                "meta/esc50.csv:1: no column 'file'. Received: filename, fold, target, category, esc10, "
                "src_file, take. Write data.columns: {path: ...} with one of these",
            ),
            (
                {"path": "filename", "label": "category", "group": "source"},
                "no column 'source'. Received: filename, fold, target, category, esc10, src_file, take. "
                "Write data.columns: {group: ...} with one of these",
            ),
            (
                {"path": "filename"},
                "no column 'label'. Received: filename, fold, target, category, esc10, src_file, take. "
                "Write as first line: label; or name those that hold it: data.columns: {label: ...}",
            ),
        ],
    )
    def test_columns_that_are_not_there(self, tmp_path, columns, message):
        with pytest.raises(DataError, match=re.escape(message)):
            read(self.data(tmp_path, columns))

    @pytest.mark.parametrize(
        ("where", "message"),
        [
            (
                {"esc10": ("true",)},
                'meta/esc50.csv: data.where leaves no row: none has esc10: true. There is "False", "True": '
                "write one of these",
            ),
            ({"esc": ("True",)}, "Write data.where: {esc: ...} with one of these"),
            ({"esc10": ("True",), "target": ("14", "36")}, 'target: 14 or 36. There is "0", "1"'),
        ],
    )
    def test_filters_that_leave_nothing(self, tmp_path, where, message):
        with pytest.raises(DataError, match=re.escape(message)):
            read(self.data(tmp_path, where=where))

    def test_several_filters_and_texts(self, tmp_path):
        where = {"target": ("1", "36"), "take": ("A",)}
        tracks = read(self.data(tmp_path, where=where))
        assert {track.label for track in tracks} == {"rooster", "vacuum_cleaner"}
        assert len(tracks) == 10

    def test_files_that_are_filtered_out_may_be_missing(self, tmp_path):
        data = self.data(tmp_path, where={"esc10": ("True",)})
        (tmp_path / "audio" / "1-100014-A-14.wav").unlink()
        assert len(read(data)) == 20
        (tmp_path / "audio" / "1-100000-A-0.wav").unlink()
        message = f"esc50.csv:2: '1-100000-A-0.wav' is no file in {tmp_path / 'audio'}: correct the path"
        with pytest.raises(DataError, match=re.escape(message)):
            read(data)

    def test_no_such_audio_folder(self, tmp_path):
        with pytest.raises(DataError, match=r"data\.audio: no folder 'wav' in .*\. Write the folder below"):
            read(self.data(tmp_path, audio="wav"))

    def test_paths_do_not_lead_out_of_the_audio_folder(self, tmp_path):
        data = self.data(tmp_path)
        (tmp_path / "meta" / "esc50.csv").write_text(HEADER + "../meta/esc50.csv,1,0,dog,True,1,A\n")
        with pytest.raises(DataError, match=re.escape("leads out of data.root")):
            read(data)

    def test_a_cleaned_manifest_stands_in_for_the_own_one(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TUNEBENCH_STORE", str(tmp_path / "store"))
        pitch = iter(range(100, 10_000, 10))
        root = esc50(tmp_path / "ESC-50", lambda path: write(path, tone(0.2, 44_100, next(pitch)), 44_100))
        (root / "audio" / "2-200000-B-0.wav").write_bytes(b"")
        own = load(PROTOCOLS / "esc10.yaml", data_root=root).data
        assert write_cleaned(own, audit_data(own), root / "clean.csv") == 19
        lines = (root / "clean.csv").read_text().splitlines()
        assert lines[:2] == [
            "filename,category,src_file,fold,esc10",
            "1-100000-A-0.wav,dog,100000,1,True",
        ]
        cleaned = load(PROTOCOLS / "esc10.yaml", data_root=root, overrides=["data.manifest=clean.csv"]).data
        assert read(cleaned) == tuple(t for t in read(own) if t.path != "audio/2-200000-B-0.wav")


class TestLabels:
    PATTERN = LabelSource(pattern=r"(?P<label>[0-9])_[^/]*$")

    def test_class_folders_in_another_folder(self, tmp_path):
        empty(tmp_path, ["wav/rock/a.wav", "wav/jazz/b.wav", "notes/x/c.wav"])
        tracks = read(data_section(tmp_path, audio="wav"))
        assert [(track.path, track.label) for track in tracks] == [
            ("wav/jazz/b.wav", "jazz"),
            ("wav/rock/a.wav", "rock"),
        ]

    def test_only_files_of_the_audio_folder(self, tmp_path):
        empty(fsdd(tmp_path), ["elsewhere/other.wav"])
        assert len(read(data_section(tmp_path, label=self.PATTERN, audio="recordings"))) == 120

    def test_file_without_a_label(self, tmp_path):
        empty(fsdd(tmp_path), ["recordings/ten_theo_0.wav"])
        message = (
            "finds no label in 1 of 121 paths: recordings/ten_theo_0.wav. Write a pattern that finds one in "
            "each, or take these files out of data.root"
        )
        with pytest.raises(DataError, match=re.escape(message)):
            read(data_section(tmp_path, label=self.PATTERN))

    def test_no_audio(self, tmp_path):
        with pytest.raises(DataError, match=r"no audio file in it\. Write data\.root \(or --data\)"):
            read(data_section(tmp_path, label=self.PATTERN))

    def test_a_manifest_goes_first(self, tmp_path):
        empty(tmp_path, ["1_a.wav", "2_b.wav", "3_c.wav"])
        (tmp_path / "t.csv").write_text("path,label\n1_a.wav,one\n2_b.wav,\n3_c.wav,\n")
        (tmp_path / "paths.csv").write_text("path\n1_a.wav\n3_c.wav\n")
        for manifest, labels in (("t.csv", ["one", "2", "3"]), ("paths.csv", ["1", "3"])):
            tracks = read(data_section(tmp_path, manifest=manifest, label=self.PATTERN))
            assert [track.label for track in tracks] == labels

    def test_more_folds_than_speakers(self, tmp_path):
        data = data_section(
            fsdd(tmp_path),
            label=self.PATTERN,
            group=GroupSource(pattern="_(?P<group>[a-z]+)_"),
            folds=7,
            split=SplitSection(by="fold", validation=(1,), test=(2,)),
        )
        with pytest.raises(DataError, match=r"0 has 6 groups, too few for 7 folds; write data\.folds: 6"):
            parts(data)
