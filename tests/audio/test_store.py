from __future__ import annotations

import errno
import os
import pickle
import resource
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.audio.sounds import data_section, small_corpus, tone, write

from tunebench.audio.fingerprints import Fingerprints
from tunebench.audio.maps import Maps
from tunebench.audio.prepare import prepare
from tunebench.audio.rejection import Fault, RejectedAudioError
from tunebench.audio.store import Store
from tunebench.audio.trim import Trim
from tunebench.errors import StorageError

KEY = "ab" * 32
BLOCK = np.arange(1_000, dtype=np.int16)


class TestStore:
    def test_reads_what_was_written(self, tmp_path):
        store = Store(tmp_path)
        assert store.samples(KEY) is None
        assert store.write(KEY, [BLOCK, BLOCK]) == 2_000
        assert store.samples(KEY) == 2_000
        np.testing.assert_array_equal(store.read(KEY), [*BLOCK, *BLOCK])
        assert isinstance(store.read(KEY), np.memmap)

    def test_opening_and_looking_write_nothing(self, tmp_path):
        store = Store(tmp_path / "store")
        assert store.samples(KEY) is store.verdict(KEY) is None
        store.sweep()
        assert not (tmp_path / "store").exists()

    def test_what_stops_half_way_leaves_nothing(self, tmp_path):
        def broken():
            yield BLOCK
            raise RejectedAudioError(Fault.SILENT, "x")

        with pytest.raises(RejectedAudioError):
            Store(tmp_path).write(KEY, broken())
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    def test_verdicts_are_kept(self, tmp_path):
        Store(tmp_path).write_verdict(KEY, RejectedAudioError(Fault.TOO_SHORT, "0.05 s"))
        verdict = Store(tmp_path).verdict(KEY)
        assert verdict is not None
        assert (verdict.fault, str(verdict)) == (Fault.TOO_SHORT, "too short: 0.05 s")

    def test_key_depends_on_all_that_matters(self):
        store = Store(Path("/x"))
        keys = {
            store.key(content, rate_hz, trim, version)
            for content in ("a", "b")
            for rate_hz in (16_000, 22_050)
            for trim in (None, Trim(30.0), Trim(30.0, 5.0), Trim(30.0, None), Trim(10.0))
            for version in ("v1", "v2")
        }
        assert len(keys) == 40

    def test_pickles_as_its_folder(self, tmp_path):
        Store(tmp_path).write(KEY, [BLOCK])
        again = pickle.loads(pickle.dumps(Store(tmp_path)))
        np.testing.assert_array_equal(again.read(KEY), BLOCK)

    def test_audio_that_was_removed(self, tmp_path):
        with pytest.raises(StorageError, match=r"has been removed .*Run the same command again"):
            Store(tmp_path).read(KEY)

    def test_sweeps_what_the_dead_left(self, tmp_path):
        old, young = tmp_path / "partial" / "a.part", tmp_path / "partial" / "b.part"
        for path in (old, young):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x")
        os.utime(old, (0, 0))
        Store(tmp_path).sweep()
        assert not old.exists()
        assert young.exists()

    def test_many_threads_write_one_key(self, tmp_path):
        stores = [Store(tmp_path) for _ in range(8)]
        threads = [threading.Thread(target=store.write, args=(KEY, [BLOCK] * 20)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert stores[0].samples(KEY) == 20_000
        assert list((tmp_path / "partial").iterdir()) == []


class TestTrouble:
    def test_full_disk(self, tmp_path, monkeypatch):
        def full(_descriptor):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(
            StorageError, match=r"no space left\. Free some space, or .*TUNEBENCH_STORE.* are kept"
        ):
            Store(tmp_path).write(KEY, [BLOCK])
        assert list((tmp_path / "partial").iterdir()) == []

    def test_real_limit_on_file_size(self, tmp_path):
        # a limit, not a full disk, but refused by the same system call; Python ignores SIGXFSZ
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
        try:
            with pytest.raises(StorageError, match="no space left"):
                Store(tmp_path).write(KEY, [BLOCK] * 1_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        assert list((tmp_path / "partial").iterdir()) == []

    def test_disk_that_fills_up_keeps_what_is_done(self, tmp_path, monkeypatch):
        data = data_section(small_corpus(tmp_path / "audio"))
        store = Store(tmp_path / "store")
        real, calls = os.fsync, []

        def filling(descriptor):
            calls.append(descriptor)
            if len(calls) > 3:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", filling)
        with pytest.raises(StorageError, match="no space left"):
            prepare(data, store=store, workers=1)
        monkeypatch.setattr(os, "fsync", real)
        assert len(list(store.root.glob("*/*.pcm"))) == 3
        assert len(prepare(data, store=store).tracks) == 8

    def test_store_inside_a_file(self, tmp_path):
        (tmp_path / "file").write_text("x")
        with pytest.raises(
            StorageError, match=r"file/store: it cannot be written \(Not a directory\)\. Make it"
        ):
            Store(tmp_path / "file" / "store").write(KEY, [BLOCK])

    def test_read_only_folder(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            Store(folder).write(KEY, [BLOCK])
            for path in (folder, folder / "partial", folder / KEY[:2]):
                path.chmod(0o555)
            with no_privileges():
                store = Store(folder)
                np.testing.assert_array_equal(store.read(KEY), BLOCK)
                with pytest.raises(
                    StorageError, match=r"cannot be written \(Permission denied\)\. Make it writable"
                ):
                    store.write("cd" * 32, [BLOCK])
            for path in (folder, folder / "partial", folder / KEY[:2]):
                path.chmod(0o755)


@contextmanager
def no_privileges():
    """Root may write anywhere: be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestMaps:
    def test_number_of_open_files_is_bounded(self, tmp_path):
        paths = []
        for index in range(40):
            paths.append(tmp_path / f"{index}.pcm")
            paths[-1].write_bytes(np.full(10, index, "<i2").tobytes())
        before = len(os.listdir("/proc/self/fd"))
        maps = Maps(capacity=8)
        for _ in range(3):
            for index, path in enumerate(paths):
                assert maps.get(path)[0] == index
        assert len(maps) == 8
        assert len(os.listdir("/proc/self/fd")) - before <= 8

    def test_last_used_stay(self, tmp_path):
        for name in "abc":
            (tmp_path / name).write_bytes(bytes(4))
        maps = Maps(capacity=2)
        first = maps.get(tmp_path / "a")
        maps.get(tmp_path / "b")
        assert maps.get(tmp_path / "a") is first
        maps.get(tmp_path / "c")
        assert maps.get(tmp_path / "a") is first


class TestFingerprints:
    def old_file(self, path, text="content"):
        path.write_text(text)
        os.utime(path, (1_000_000_000, 1_000_000_000))
        return path

    def test_remembers_between_runs(self, tmp_path, monkeypatch):
        path = self.old_file(tmp_path / "a.wav")
        digest = Fingerprints(tmp_path / "known.jsonl").of(path)
        monkeypatch.setattr("hashlib.file_digest", None)  # would be called again
        assert Fingerprints(tmp_path / "known.jsonl").of(path) == digest

    def test_notices_a_change(self, tmp_path):
        path = self.old_file(tmp_path / "a.wav")
        prints = Fingerprints(tmp_path / "known.jsonl")
        digest = prints.of(path)
        path.write_text("CONTENT")
        os.utime(path, (1_100_000_000, 1_100_000_000))
        assert prints.of(path) != digest

    def test_does_not_trust_the_time_of_a_file_just_written(self, tmp_path):
        (tmp_path / "a.wav").write_text("content")
        Fingerprints(tmp_path / "known.jsonl").of(tmp_path / "a.wav")
        assert not (tmp_path / "known.jsonl").exists()

    def test_survives_a_torn_line(self, tmp_path):
        paths = [self.old_file(tmp_path / f"{name}.wav", name) for name in "abc"]
        known = tmp_path / "known.jsonl"
        digests = [Fingerprints(known).of(path) for path in paths[:2]]
        known.write_text(known.read_text()[:-10])
        digests[1] = Fingerprints(known).of(paths[1])
        Fingerprints(known).of(paths[2])
        assert [Fingerprints(known).of(path) for path in paths[:2]] == digests

    def test_only_a_cache(self, tmp_path):
        (tmp_path / "file").write_text("")
        path = self.old_file(tmp_path / "a.wav")
        prints = Fingerprints(tmp_path / "file" / "known.jsonl")
        assert prints.of(path) == prints.of(path)

    def test_terabytes_are_not_hashed(self, tmp_path):
        path = tmp_path / "a.wav"
        with path.open("wb") as sparse:
            sparse.truncate(2**40)
        with pytest.raises(RejectedAudioError, match="too long: 1,024 GiB; cut it to 8 GiB at most"):
            Fingerprints(tmp_path / "known.jsonl").of(path)


def test_digest_of_the_corpus_does_not_depend_on_where_it_lies(tmp_path):
    digests = set()
    for name in ("a", "b"):
        data = data_section(small_corpus(tmp_path / name, tracks=2))
        digests.add(prepare(data, store=Store(tmp_path / "store" / name)).digest)
    assert len(digests) == 1
    write(tmp_path / "a" / "bass" / "bass.00000.wav", tone(0.3, hz=99))
    corpus = prepare(data_section(tmp_path / "a"), store=Store(tmp_path / "store" / "a"))
    assert corpus.digest not in digests


def test_arrays_are_kept_beside_the_audio_and_a_torn_one_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    key = store.derived_key("a" * 64, "features", [1, [0, 100]])
    assert key != store.derived_key("a" * 64, "features", [1, [0, 101]])
    assert store.read_array(key) is None
    store.write_array(key, np.array([0.1, -2.5e6]))
    np.testing.assert_array_equal(store.read_array(key), [0.1, -2.5e6])
    file = next(tmp_path.rglob("*.npy"))
    file.write_bytes(file.read_bytes()[:-3])
    assert store.read_array(key) is None
