from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from tests.audio.sounds import data_section, hostile, lying_flac, small_corpus, tone, write

import tunebench
from tunebench.audio import prepare as module
from tunebench.audio.audit import audit
from tunebench.audio.decoder import decode
from tunebench.audio.gather import gather
from tunebench.audio.native import NativeDecoder
from tunebench.audio.prepare import prepare
from tunebench.audio.rejection import Fault
from tunebench.audio.segments import segment
from tunebench.audio.splits import split
from tunebench.audio.store import Store
from tunebench.errors import DataError
from tunebench.space import load
from tunebench.space.sections import GroupSource, SegmentSection, SplitSection, TrimSection

WORKER = """
import sys, time
from pathlib import Path
from tunebench.audio import prepare as module
from tunebench.audio.native import NativeDecoder
from tunebench.audio.store import Store
from tunebench.space.sections import DataSection, SplitSection

class Slow(NativeDecoder):
    def blocks(self, path, rate_hz, trim):
        for block in super().blocks(path, rate_hz, trim):
            time.sleep(float(sys.argv[3]))
            yield block

module.decoder_named = lambda name: Slow()
data = DataSection(root=Path(sys.argv[1]), split=SplitSection(by="track"))
corpus = module.prepare(data, store=Store(Path(sys.argv[2])), workers=2)
print(corpus.digest)
"""


def worker(root, store, pause_s):
    environment = {**os.environ, "PYTHONPATH": str(Path(tunebench.__file__).parents[1])}
    command = [sys.executable, "-c", WORKER, str(root), str(store), str(pause_s)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


class Counting(NativeDecoder):
    """Counts what is decoded."""

    def __init__(self):
        self.paths = []

    def blocks(self, path, rate_hz, trim):
        self.paths.append(path)
        return super().blocks(path, rate_hz, trim)


@pytest.fixture
def counting(monkeypatch):
    decoder = Counting()
    monkeypatch.setattr(module, "decoder_named", lambda _name: decoder)
    return decoder


def stored(folder):
    return sorted(folder.glob("*/*.pcm"))


def test_stores_what_decode_gives(tmp_path):
    root = small_corpus(tmp_path / "audio", rate=22_050)
    seen = []
    corpus = prepare(
        data_section(root),
        store=Store(tmp_path / "store"),
        progress=lambda *done: seen.append((*done, threading.get_ident())),
    )
    assert seen == [(index, 8, threading.get_ident()) for index in range(1, 9)]
    assert corpus.classes == ("bass", "treble")
    assert corpus.labels.tolist() == [0] * 4 + [1] * 4
    assert corpus.quarantined == ()
    for index, item in enumerate(corpus.tracks):
        expected = decode(root / item.track.path, 16_000)
        assert item.samples == len(expected)
        np.testing.assert_array_equal(corpus.read(index, 0, item.samples), expected)
    np.testing.assert_array_equal(
        corpus.read(0, 4_000, 2_000),
        [*decode(root / corpus.tracks[0].track.path, 16_000)[4_000:], *[0] * 1_200],
    )


def test_decodes_each_track_once(tmp_path, counting):
    data, store = data_section(small_corpus(tmp_path / "audio")), Store(tmp_path / "store")
    first = prepare(data, store=store)
    again = prepare(data, store=Store(tmp_path / "store"))
    assert len(counting.paths) == 8
    assert first.digest == again.digest
    write(tmp_path / "audio/bass/bass.00000.wav", tone(0.4))
    prepare(data, store=store)
    assert len(counting.paths) == 9
    prepare(data.model_copy(update={"sample_rate": 8_000}), store=store)
    assert len(counting.paths) == 17


def test_trim(tmp_path):
    root = small_corpus(tmp_path / "audio", seconds=1.0)
    for trim in (TrimSection(seconds=0.25, offset=0.5), TrimSection(seconds=0.25, from_="middle")):
        corpus = prepare(data_section(root, trim=trim), store=Store(tmp_path / "store"))
        assert {item.samples for item in corpus.tracks} == {4_000}
    assert len(stored(tmp_path / "store")) == 16


class TestQuarantine:
    def test_hostile_files_are_rows_of_a_table(self, tmp_path, counting):
        root = small_corpus(tmp_path / "audio")
        paths = hostile(root / "bass")
        with (root / "bass" / "too long - sparse.wav").open("wb") as sparse:
            sparse.truncate(2**40)
        paths["too long - sparse"] = Path(sparse.name)
        data = data_section(root)
        corpus = prepare(data, store=Store(tmp_path / "store"))
        assert len(corpus.tracks) == 8
        assert {row.path: row.fault for row in corpus.quarantined} == {
            f"bass/{path.name}": Fault(name.split(" - ")[0]) for name, path in paths.items()
        }
        assert all(row.label == "bass" and row.reason.startswith(row.fault) for row in corpus.quarantined)
        decoded = len(counting.paths)
        assert prepare(data, store=Store(tmp_path / "store")).quarantined == corpus.quarantined
        assert len(counting.paths) == decoded

    def test_class_that_empties(self, tmp_path):
        root = small_corpus(tmp_path / "audio")
        for index in range(12):
            write(root / "quiet" / f"{index:02d}.wav", np.zeros(16_000))
        with pytest.raises(DataError) as caught:
            prepare(data_section(root), store=Store(tmp_path / "store"))
        text = str(caught.value)
        assert text.startswith("class 'quiet' has no usable file: all 12 are quarantined. Replace the files")
        assert "\n  quiet/00.wav: silent: no sample above -80 dBFS\n" in text
        assert text.endswith("\n  and 2 more")

    def test_trouble_of_the_moment_is_not_remembered(self, tmp_path, monkeypatch):
        class Offline(NativeDecoder):
            def blocks(self, path, rate_hz, trim):
                raise module.RejectedAudioError(Fault.INACCESSIBLE, "the network is down")

        data = data_section(small_corpus(tmp_path / "audio"))
        with monkeypatch.context() as patch:
            patch.setattr(module, "decoder_named", lambda _name: Offline())
            with pytest.raises(DataError, match="the network is down"):
                prepare(data, store=Store(tmp_path / "store"))
        assert len(prepare(data, store=Store(tmp_path / "store")).tracks) == 8


class TestInterruption:
    def test_kill_and_go_on(self, tmp_path, counting):
        root, store = small_corpus(tmp_path / "audio", tracks=20), tmp_path / "store"
        process = worker(root, store, 0.2)
        deadline = time.monotonic() + 30
        while len(stored(store)) < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        done = {path: path.stat().st_mtime_ns for path in stored(store)}
        assert 6 <= len(done) < 40
        corpus = prepare(data_section(root), store=Store(store))
        assert len(counting.paths) == 40 - len(done)
        assert {path: path.stat().st_mtime_ns for path in done} == done
        undisturbed = prepare(data_section(root), store=Store(tmp_path / "other"))
        assert corpus.digest == undisturbed.digest
        for index in range(40):
            np.testing.assert_array_equal(corpus.read(index, 0, 4_800), undisturbed.read(index, 0, 4_800))

    def test_two_processes_at_once(self, tmp_path):
        root, store = small_corpus(tmp_path / "audio", tracks=10), tmp_path / "store"
        processes = [worker(root, store, 0.01) for _ in range(2)]
        digests = {process.communicate(timeout=60)[0].strip() for process in processes}
        assert [process.returncode for process in processes] == [0, 0]
        corpus = prepare(data_section(root), store=Store(store))
        assert digests == {corpus.digest}
        assert len(stored(store)) == 20
        assert list((store / "partial").iterdir()) == []

    def test_ctrl_c_stops_at_once(self, tmp_path, counting):
        def stop(done, _total):
            if done == 2:
                raise KeyboardInterrupt

        data = data_section(small_corpus(tmp_path / "audio", tracks=50))
        with pytest.raises(KeyboardInterrupt):
            prepare(data, store=Store(tmp_path / "store"), progress=stop, workers=2)
        assert len(counting.paths) < 50


class TestGather:
    @pytest.fixture
    def corpus(self, tmp_path):
        return prepare(
            data_section(small_corpus(tmp_path / "audio", seconds=0.7)), store=Store(tmp_path / "store")
        )

    def test_order_and_padding(self, corpus):
        segments = segment(corpus, SegmentSection(seconds=0.2, hop=0.2))
        assert len(segments) == 8 * 4
        rows = gather(corpus, segments, [31, 0, 3, 30, 3])
        assert rows.shape == (5, 3_200)
        assert rows.dtype == np.int16
        for row, index in zip(rows, [31, 0, 3, 30, 3], strict=True):
            expected = corpus.read(int(segments.track[index]), int(segments.start[index]), 3_200)
            np.testing.assert_array_equal(row, expected)
        assert not rows[0, 1_600:].any()
        assert rows[0, :1_600].any()
        assert gather(corpus, segments, []).shape == (0, 3_200)

    def test_corpus_pickles_without_its_audio(self, corpus):
        content = pickle.dumps(corpus)
        assert len(content) < 5_000
        assert pickle.loads(content).digest == corpus.digest
        np.testing.assert_array_equal(pickle.loads(content).read(3, 100, 50), corpus.read(3, 100, 50))


def test_memory_does_not_grow_with_the_corpus(tmp_path):
    peaks = []
    for tracks in (4, 40):
        root = small_corpus(tmp_path / str(tracks), tracks=tracks, seconds=5.0)
        tracemalloc.start()
        corpus = prepare(data_section(root), store=Store(tmp_path / "store"), workers=1)
        segments = segment(corpus, SegmentSection(seconds=1.0))
        for start in range(0, len(segments), 10):
            gather(corpus, segments, range(start, start + 10))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    audio_bytes = 80 * 5 * 16_000 * 2
    assert peaks[1] - peaks[0] < audio_bytes / 20
    assert peaks[1] < audio_bytes


class TestAudit:
    def test_rows(self, tmp_path):
        root = small_corpus(tmp_path / "audio", tracks=6, seconds=1.0)
        (root / "treble" / "torn.wav").write_bytes(b"RIFF")
        (root / "bass" / "copy.wav").write_bytes((root / "bass" / "bass.00000.wav").read_bytes())
        lying_flac(root / "bass" / "lies.flac", 2**36 - 1)
        found = audit(
            data_section(root, segment=SegmentSection(seconds=0.5)), store=Store(tmp_path / "store")
        )
        assert [
            (row.label, row.tracks, row.groups, row.segments, row.quarantined) for row in found.classes
        ] == [
            ("bass", 8, 7, 16, 0),
            ("treble", 6, 6, 12, 1),
        ]
        assert (found.tracks, found.groups, found.grouped) == (14, 13, False)
        assert found.duration_s == pytest.approx(14.0)
        assert [row.path for row in found.quarantined] == ["treble/torn.wav"]
        assert found.problem is None
        assert found.split is not None
        assert sum(found.split.tracks.values()) == 14
        assert found.split.leakage == "none"

    def test_problems_are_told_with_the_table(self, tmp_path):
        root = small_corpus(tmp_path / "audio")
        found = audit(data_section(root, split=SplitSection(by="group")), store=Store(tmp_path / "store"))
        assert found.split is None
        assert found.problem is not None
        assert found.problem.startswith("data.split: by: group needs to know the groups")
        write(root / "quiet" / "a.wav", np.zeros(16_000))
        found = audit(data_section(root), store=Store(tmp_path / "store"))
        assert found.problem is not None
        assert found.problem.startswith("class 'quiet' has no usable file")
        assert [row.tracks for row in found.classes] == [4, 0, 4]


@pytest.mark.parametrize(("folder", "suffix"), [("genres", "au"), ("genres_original", "wav")])
def test_the_gtzan_space_on_a_corpus_of_its_shape(tmp_path, folder, suffix):
    for label, count in {"blues": 40, "jazz": 60}.items():
        for index in range(0, count, 2):
            path = tmp_path / folder / label / f"{label}.{index:05d}.{suffix}"
            write(path, tone(0.3, 22_050, hz=200 + index, noise=0.1, seed=count + index), 22_050)
    corrupt = f"{folder}/jazz/jazz.00054.{suffix}"
    (tmp_path / corrupt).write_bytes(bytes(30_000))  # as in GTZAN itself
    data = load(Path(__file__).parents[2] / "search_spaces" / "gtzan.yaml", data_root=tmp_path).data
    corpus = prepare(data, store=Store(tmp_path / "store"))
    assert [row.path for row in corpus.quarantined] == [corrupt]
    made = split(corpus, segment(corpus, data.segment), data.split)
    assert "jazz/jazz.00054.wav" in made.missing
    assert made.leakage == "none"
    assert min(len(made.train), len(made.validation), len(made.test)) > 3


class TestEsc10:
    @pytest.fixture
    def root(self):
        named = os.environ.get("TUNEBENCH_ESC10")
        root = Path(named) if named else Path(__file__).parents[3] / "shared" / "data" / "esc10"
        if not root.is_dir():
            pytest.skip("ESC-10 is not here; $TUNEBENCH_ESC10 names its folder")
        return root

    def test_official_folds(self, root, tmp_path):
        split_section = SplitSection(by="fold", validation=(4,), test=(5,))
        data = data_section(
            root, manifest="manifest.csv", split=split_section, segment=SegmentSection(seconds=5.0)
        )
        corpus = prepare(data, store=Store(tmp_path))
        made = split(corpus, segment(corpus, data.segment), data.split)
        assert (len(corpus.tracks), len(corpus.classes), corpus.quarantined) == (400, 10, ())
        assert [len(made.train), len(made.validation), len(made.test)] == [240, 80, 80]
        assert made.leakage == "none"

    def test_folder_names_and_pattern_say_the_same(self, root):
        source = GroupSource(pattern="^.*/[0-9]+-(?P<group>[0-9]+)-")
        from_names = module.read(data_section(root, group=source))
        from_manifest = module.read(data_section(root, manifest="manifest.csv"))
        assert [(t.path, t.label, t.group) for t in from_names] == [
            (t.path, t.label, t.group) for t in from_manifest
        ]
