from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.audio.sounds import data_section, paper_corpus

from tunebench.audio.groups import groups_in_file, with_groups
from tunebench.audio.gtzan import ARTISTS, PROTOCOLS, file
from tunebench.audio.segments import segment
from tunebench.audio.splits import split
from tunebench.audio.track import SIDES, Track
from tunebench.errors import DataError
from tunebench.space.sections import SegmentSection, SplitLists, SplitSection

SECOND = SegmentSection(seconds=1.0)


def parts(tracks, section, keys=None, samples=32_000):
    corpus = paper_corpus(tracks, keys, samples)
    return corpus, segment(corpus, SECOND), split(corpus, segment(corpus, SECOND), section)


def artists(classes=4, groups=10, tracks=3):
    return [
        Track(f"c{label}/a{artist}-{index}.wav", f"c{label}", f"c{label}a{artist}")
        for label in range(classes)
        for artist in range(groups)
        for index in range(tracks)
    ]


def track_sides(segments, made):
    return [set(segments.track[made.side(name)].tolist()) for name in SIDES]


class TestShares:
    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 25)), min_size=30, max_size=80),
        st.integers(0, 5),
        st.sampled_from([0.0, 0.2, 0.3]),
    )
    def test_no_group_is_on_two_sides(self, rows, seed, test):
        tracks = [Track(f"{index}.wav", str(label), str(group)) for index, (label, group) in enumerate(rows)]
        section = SplitSection(by="group", validation=0.2, test=test, seed=seed)
        try:
            corpus, segments, made = parts(tracks, section)
        except DataError:  # a class in too few groups
            return
        groups = [{corpus.tracks[i].track.group for i in side} for side in track_sides(segments, made)]
        assert all(not a & b for a, b in combinations(groups, 2))
        assert made.leakage == "none"
        every = np.concatenate([made.side(name) for name in SIDES])
        assert sorted(every) == list(range(len(segments)))

    def test_each_side_has_its_share_of_each_class(self):
        _, segments, made = parts(artists(), SplitSection(by="group", validation=0.2, test=0.3))
        for name, share in zip(SIDES, (0.5, 0.2, 0.3), strict=True):
            counts = np.bincount(segments.label[made.side(name)]) / 60
            np.testing.assert_allclose(counts, share, atol=1e-9)

    @pytest.mark.parametrize(("groups", "absent"), [(3, ()), (2, ("test",)), (1, ("validation", "test"))])
    def test_few_groups_serve_training_first_then_validation(self, groups, absent):
        tracks = artists() + [Track(f"r{i}.wav", "rare", f"r{i}") for i in range(groups)]
        for seed in range(5):
            *_, made = parts(tracks, SplitSection(by="group", seed=seed))
            assert made.absent == {name: ("rare",) if name in absent else () for name in SIDES}

    def test_groups_of_several_classes(self):
        tracks = [Track(f"{i}.wav", f"c{i % 4}", f"g{i // 8}") for i in range(160)]
        _, segments, made = parts(tracks, SplitSection(by="group"))
        assert made.leakage == "none"
        assert np.bincount(segments.label[made.validation]).tolist() == [16, 16, 16, 16]

    def test_seed_and_order(self):
        section = SplitSection(by="group", seed=3)
        tracks = artists()
        *_, first = parts(tracks, section)
        *_, again = parts(tracks, section)
        *_, other = parts(tracks, SplitSection(by="group", seed=4))
        assert first.hash == again.hash
        np.testing.assert_array_equal(first.test, again.test)
        assert first.hash != other.hash

    def test_test_may_be_left_out(self):
        *_, made = parts(artists(), SplitSection(by="group", test=0.0))
        assert len(made.test) == 0
        assert len(made.train) + len(made.validation) == 240

    def test_group_without_groups(self):
        tracks = [Track(f"{i}.wav", f"c{i % 2}") for i in range(10)]
        with pytest.raises(
            DataError, match=r"by: group needs to know .*pattern: .*file: artists\.csv.*by: track"
        ):
            parts(tracks, SplitSection(by="group"))

    def test_too_few_groups(self):
        tracks = [Track(f"{i}.wav", f"c{i % 2}", f"g{i % 2}") for i in range(10)]
        with pytest.raises(
            DataError, match=r"nothing is left for (validation|test): 10 tracks split by group"
        ):
            parts(tracks, SplitSection(by="group"))

    def test_hash_of_a_known_split(self):
        *_, made = parts(artists(2, 5, 1), SplitSection(by="group", seed=1))
        assert made.hash == "3a61b70ae5e72c29015ca3d345c09e7d815bdc7c61571daea0435d209d41f905"


class TestLeakage:
    def test_by_segment(self):
        *_, made = parts(artists(), SplitSection(by="segment"))
        assert made.leakage == "segment"

    def test_by_track(self):
        *_, made = parts(artists(), SplitSection(by="track"))
        assert made.leakage == "group"

    def test_by_segment_with_one_segment_a_track_leaks_no_segment(self):
        tracks = [Track(f"{i}.wav", f"c{i % 2}") for i in range(40)]
        *_, made = parts(tracks, SplitSection(by="segment"), samples=16_000)
        assert made.leakage == "none"

    def test_between_validation_and_test_counts_too(self):
        rows = [("train", "a", "x"), ("train", "b", "y"), ("validation", "c", "x"), ("test", "c", "x")]
        tracks = [Track(f"{i}.wav", label, group, None, side) for i, (side, group, label) in enumerate(rows)]
        assert parts(tracks, SplitSection(by="column"))[2].leakage == "group"

    def test_copies_of_one_file_stay_together(self):
        tracks = [Track(f"{i}.wav", f"c{i % 2}") for i in range(40)]
        keys = [f"{(i // 4) * 2 + i % 2:064x}" for i in range(40)]  # pairs
        for by in ("track", "group"):
            grouped = [Track(t.path, t.label, t.path) for t in tracks] if by == "group" else tracks
            *_, made = parts(grouped, SplitSection(by=by), keys)
            assert made.leakage == "none"
            assert len(set(made.groups.tolist())) == 20

    def test_copies_across_given_sides_are_found(self):
        tracks = [Track(f"{i}.wav", f"c{i % 2}", None, i % 4) for i in range(8)]
        section = SplitSection(by="fold", validation=(2,), test=(3,))
        assert parts(tracks, section)[2].leakage == "none"
        keys = ["a", "b", "c", "d", "e", "f", "a", "g"]
        assert parts(tracks, section, keys)[2].leakage == "segment"


class TestFolds:
    def tracks(self):
        return [Track(f"{i}.wav", f"c{i % 2}", None, i // 4) for i in range(20)]

    def test_folds(self):
        _, segments, made = parts(self.tracks(), SplitSection(by="fold", validation=(3,), test=(4,)))
        assert [sorted(side) for side in track_sides(segments, made)] == [
            list(range(12)), [12, 13, 14, 15], [16, 17, 18, 19],
        ]  # fmt: skip

    def test_without_test(self):
        *_, made = parts(self.tracks(), SplitSection(by="fold", validation=(3, 4), test=()))
        assert (len(made.validation), len(made.test)) == (16, 0)

    def test_unknown_fold(self):
        with pytest.raises(DataError, match=r"data\.split\.test: no fold 9; there are \[0, 1, 2, 3, 4\]"):
            parts(self.tracks(), SplitSection(by="fold", validation=(3,), test=(9,)))

    def test_tracks_without_a_fold(self):
        tracks = [*self.tracks(), Track("x.wav", "c0")]
        with pytest.raises(DataError, match=r"Without one: x\.wav\. Give the manifest a column 'fold'"):
            parts(tracks, SplitSection(by="fold", validation=(3,), test=(4,)))


class TestColumns:
    def test_class_that_training_lacks(self):
        rows = [("train", "x"), ("validation", "x"), ("validation", "y")]
        tracks = [Track(f"{i}.wav", label, None, None, side) for i, (side, label) in enumerate(rows)]
        with pytest.raises(DataError, match="training has nothing of y"):
            parts(tracks, SplitSection(by="column"))

    def test_no_column(self):
        with pytest.raises(DataError, match=r"by: column needs a column 'split' .* or lists: \{train"):
            parts(artists(), SplitSection(by="column"))

    def test_own_lists(self, tmp_path):
        tracks = [Track(f"d/{name}.wav", label) for name, label in zip("abcdef", "xyxyxy", strict=True)]
        for name, text in (("t", "# mine\na.mp3\n\nb\n"), ("v", "d/c\nd/d.wav\nzzz.wav\n"), ("e", "e\n")):
            (tmp_path / name).write_text(text)
        lists = SplitLists(train=tmp_path / "t", validation=tmp_path / "v", test=tmp_path / "e")
        _, segments, made = parts(tracks, SplitSection(by="column", lists=lists))
        assert track_sides(segments, made) == [{0, 1}, {2, 3}, {4}]  # f is on no list
        assert made.missing == ("zzz.wav",)

    @pytest.mark.parametrize(
        ("train", "validation", "message"),
        [
            ("a\nb", "b\nc", "v:1: 'b' is listed for train too: keep one of the two"),
            ("a\nb", "zzz", "v: names no file of the corpus. A path that it could name: d/a.wav"),
            ("a\nsame", "b", "t:2: 'same' may mean d/same.wav, e/same.wav: write the path"),
        ],
    )
    def test_faulty_lists(self, tmp_path, train, validation, message):
        tracks = [Track(f"{name}.wav", "x") for name in ("d/a", "d/b", "d/c", "d/same", "e/same")]
        (tmp_path / "t").write_text(train)
        (tmp_path / "v").write_text(validation)
        lists = SplitLists(train=tmp_path / "t", validation=tmp_path / "v")
        with pytest.raises(DataError, match=re.escape(message)):
            parts(tracks, SplitSection(by="column", lists=lists))


class TestGtzan:
    def tracks(self):
        genres = "blues classical country disco hiphop jazz metal pop reggae rock".split()  # noqa: SIM905
        tracks = [Track(f"genres/{g}/{g}.{i:05d}.au", g) for g in genres for i in range(100)]
        with file(ARTISTS) as artists_file:
            return with_groups(tracks, groups_in_file(tracks, artists_file))

    @pytest.mark.parametrize(
        ("protocol", "sizes", "leakage"),
        [("gtzan_fault_filtered", (443, 197, 290), "none"), ("gtzan_stratified", (500, 250, 250), "group")],
    )
    def test_published_splits(self, protocol, sizes, leakage):
        _, segments, made = parts(self.tracks(), SplitSection(by="column", lists=protocol))
        assert tuple(map(len, track_sides(segments, made))) == sizes
        assert made.leakage == leakage
        assert made.missing == ()

    def test_most_test_tracks_of_the_stratified_split_have_their_artist_in_training(self):
        _, segments, made = parts(self.tracks(), SplitSection(by="column", lists="gtzan_stratified"))
        train, _, test = track_sides(segments, made)
        known = {made.groups[track] for track in train}
        assert sum(made.groups[track] in known for track in test) == 196

    def test_quarantine_that_touches_the_protocol_is_named(self):
        tracks = [track for track in self.tracks() if "jazz.00054" not in track.path]
        *_, made = parts(tracks, SplitSection(by="column", lists="gtzan_fault_filtered"))
        assert made.missing == ("jazz/jazz.00054.wav",)

    def test_the_file_knows_the_protocols(self):
        for name in PROTOCOLS:
            assert data_section("/x", split=SplitSection(by="column", lists=name)).split.lists == name
