from __future__ import annotations

import re

import pytest
from tests.audio.sounds import data_section

from tunebench.audio.manifest import read
from tunebench.errors import DataError
from tunebench.space.sections import GroupSource, SplitSection


def touch(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")
    return root


def manifest(root, text):
    root.mkdir(exist_ok=True)
    (root / "tracks.csv").write_text(text)
    return data_section(root, manifest="tracks.csv")


class TestFolders:
    def test_one_folder_per_class(self, tmp_path):
        touch(tmp_path, "rock/b.wav", "rock/live/a.MP3", "jazz/c.flac", "readme.wav")
        touch(tmp_path, "rock/.hidden.wav", "rock/.cache/d.wav", ".git/e.wav", "rock/cover.jpg")
        assert [(track.path, track.label) for track in read(data_section(tmp_path))] == [
            ("jazz/c.flac", "jazz"),
            ("rock/b.wav", "rock"),
            ("rock/live/a.MP3", "rock"),
        ]

    def test_links_are_followed_once(self, tmp_path):
        root = touch(tmp_path / "root", "rock/a.wav", "jazz/b.wav")
        touch(tmp_path / "elsewhere", "live/c.wav")
        (root / "rock" / "more").symlink_to(tmp_path / "elsewhere")
        (root / "rock" / "round").symlink_to(root / "rock")
        assert [track.path for track in read(data_section(root))] == [
            "jazz/b.wav", "rock/a.wav", "rock/more/live/c.wav",
        ]  # fmt: skip

    def test_sides_are_no_classes(self, tmp_path):
        with pytest.raises(DataError, match=r"sides of a split and no classes\. Write data\.manifest"):
            read(data_section(touch(tmp_path, "train/rock/a.wav", "Test/rock/b.wav", "val/rock/c.wav")))

    @pytest.mark.parametrize("folder", ["genres", "genres_original"])
    def test_gtzan(self, tmp_path, folder):
        touch(
            tmp_path, f"{folder}/blues/blues.00000.au", f"{folder}/rock/rock.00001.wav", "images/rock/x.png"
        )
        assert [(track.path, track.label) for track in read(data_section(tmp_path))] == [
            (f"{folder}/blues/blues.00000.au", "blues"),
            (f"{folder}/rock/rock.00001.wav", "rock"),
        ]

    def test_no_such_folder(self, tmp_path):
        with pytest.raises(DataError, match=re.escape(f"{tmp_path / 'x'}: no such folder. Write data.root")):
            read(data_section(tmp_path / "x"))

    def test_no_class_folders(self, tmp_path):
        with pytest.raises(
            DataError, match=r"no class folders\. Put each class's .* or write data\.manifest"
        ):
            read(data_section(touch(tmp_path, "a.wav", "b.wav")))

    def test_empty_class(self, tmp_path):
        with pytest.raises(DataError, match="no audio file in the class folder jazz, pop"):
            read(data_section(touch(tmp_path, "rock/a.wav", "jazz/notes.txt", "pop/.x.wav")))

    def test_one_class_only(self, tmp_path):
        with pytest.raises(DataError, match=r"one class only, rock\. A classifier needs at least two"):
            read(data_section(touch(tmp_path, "rock/a.wav")))


class TestTable:
    def test_all_columns(self, tmp_path):
        touch(tmp_path, "x/a.wav", "x/b.wav", "x/c.wav")
        data = manifest(
            tmp_path,
            "\ufefflabel, path ,mood,fold,group,split\nrock,x/a.wav,sad,1,Ann,train\n"
            'jazz,"x\\b.wav",,2,,val\n\njazz,./x/c.wav,,,Bo,\n',
        )
        tracks = read(data)
        assert [(t.path, t.label, t.group, t.fold, t.split) for t in tracks] == [
            ("x/a.wav", "rock", "Ann", 1, "train"),
            ("x/b.wav", "jazz", None, 2, "validation"),
            ("x/c.wav", "jazz", "Bo", None, None),
        ]

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ("../b.wav,rock,", r"tracks.csv:3: '\.\./b\.wav' leads out of data\.root: write a path inside"),
            ("x/../../b.wav,rock,", "tracks.csv:3: .* leads out of data.root"),
            ("/etc/passwd,rock,", "tracks.csv:3: .* leads out of data.root"),
            ("..\\b.wav,rock,", "tracks.csv:3: .* leads out of data.root"),
            ("x/a.wav,rock,", "tracks.csv:3: 'x/a.wav' stands in line 2 already"),
            ("x//./a.wav,rock,", "tracks.csv:3: 'x/a.wav' stands in line 2 already"),
            ("x/none.wav,rock,", "tracks.csv:3: 'x/none.wav' is no file in .*: correct the path"),
            (f"{'x' * 5000}.wav,rock,", "tracks.csv:3: 'x+.wav' is no file"),
            ("x,rock,", "tracks.csv:3: 'x' is no file"),
            ("x/b.wav,,", "tracks.csv:3: the label is empty: write the class"),
            (",rock,", "tracks.csv:3: the path is empty"),
            ("x/b.wav,rock,one", "tracks.csv:3: the fold is 'one': write a whole number"),
        ],
    )
    def test_faulty_rows_name_file_and_line(self, tmp_path, row, message):
        touch(tmp_path, "x/a.wav", "x/b.wav")
        with pytest.raises(DataError, match=message):
            read(manifest(tmp_path, f"path,label,fold\nx/a.wav,jazz,1\n{row}\n"))

    def test_all_faulty_rows_are_told_at_once(self, tmp_path):
        rows = "".join(f"{index}.wav,rock\n" for index in range(30))
        with pytest.raises(DataError) as caught:
            read(manifest(tmp_path, "path,label\n" + rows))
        lines = str(caught.value).splitlines()
        assert len(lines) == 21
        assert lines[19].startswith(f"{tmp_path}/tracks.csv:21: ")
        assert lines[20] == "and 10 more"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "tracks.csv:1: no column 'path'. Received: an empty file"),
            (
                "file,genre\n",
                "tracks.csv:1: no column 'path'. Received: file, genre. Write as first line: path,label",
            ),
            ("path,label\n", "tracks.csv: no rows"),
            ('path,label\n"a.wav,rock\n', "tracks.csv:2: is no line of a CSV file"),
        ],
    )
    def test_faulty_files(self, tmp_path, text, message):
        with pytest.raises(DataError, match=re.escape(message)):
            read(manifest(tmp_path, text))

    def test_unreadable_manifests(self, tmp_path):
        with pytest.raises(DataError, match=r"none\.csv: cannot be read \(No such file"):
            read(data_section(tmp_path, manifest="none.csv"))
        (tmp_path / "tracks.csv").write_bytes(b"path,label\n\xff\xfe,x\n")
        with pytest.raises(DataError, match=r"tracks\.csv: is not UTF-8 text"):
            read(data_section(tmp_path, manifest="tracks.csv"))


class TestGroups:
    def groups(self, root, source):
        return {track.path: track.group for track in read(data_section(root, group=source))}

    def test_pattern_over_the_relative_path(self, tmp_path):
        touch(tmp_path, "a/1-77-A.ogg", "a/1-77-B.ogg", "b/1-5-A.ogg", "b/other.ogg")
        source = GroupSource(pattern="^.*/[0-9]+-(?P<group>[0-9]+)-")
        assert list(self.groups(tmp_path, source).values()) == ["77", "77", "5", None]

    def test_pattern_that_matches_nothing(self, tmp_path):
        touch(tmp_path, "a/1.ogg", "b/2.ogg")
        with pytest.raises(DataError, match=r"matches no path\. A path to match: a/1\.ogg"):
            self.groups(tmp_path, GroupSource(pattern="(?P<group>x)"))

    def test_csv_of_paths_or_stems(self, tmp_path):
        touch(tmp_path, "a/1.ogg", "a/2.5.ogg", "b/1.ogg", "b/3.ogg")
        (tmp_path / "artists.csv").write_text(
            "path,group,born\na/1.ogg,Ann,1\nb/1,Bo,2\n2.5,Ann,3\nelsewhere,X,4\n"
        )
        groups = self.groups(tmp_path, GroupSource(file=tmp_path / "artists.csv"))
        assert groups == {"a/1.ogg": "Ann", "a/2.5.ogg": "Ann", "b/1.ogg": "Bo", "b/3.ogg": None}

    def test_gtzan_lines(self, tmp_path):
        touch(tmp_path, "a/a.00000.au", "a/a.00001.au", "b/b.00000.au")
        lines = "a.00000.wav ::: Ann ::: Song\na.00001.wav ::: :::\nb.00000.wav ::: Bo :::\n"
        (tmp_path / "artists.txt").write_text(lines)
        groups = self.groups(tmp_path, GroupSource(file=tmp_path / "artists.txt"))
        assert list(groups.values()) == ["Ann", None, "Bo"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("path,artist\n", "no column 'group'"),
            ("path,group\n1,Ann\n", "artists.csv:2: '1' may mean a/1.ogg, b/1.ogg: write the path"),
            (
                "path,group\na/1,Ann\na/1.ogg,Bo\n",
                "artists.csv:3: 'a/1.ogg' had the group 'Ann' in a line before",
            ),
            ("path,group\nx,Ann\n", "artists.csv: names no file of the corpus"),
        ],
    )
    def test_faulty_files(self, tmp_path, text, message):
        touch(tmp_path, "a/1.ogg", "b/1.ogg")
        (tmp_path / "artists.csv").write_text(text)
        with pytest.raises(DataError, match=re.escape(message)):
            self.groups(tmp_path, GroupSource(file=tmp_path / "artists.csv"))

    def test_manifest_column_goes_first(self, tmp_path):
        touch(tmp_path, "a-1.wav", "b-2.wav")
        (tmp_path / "t.csv").write_text("path,label,group\na-1.wav,x,Ann\nb-2.wav,y,\n")
        source = GroupSource(pattern="-(?P<group>[0-9])")
        tracks = read(data_section(tmp_path, manifest="t.csv", group=source))
        assert [track.group for track in tracks] == ["Ann", "2"]

    def test_a_published_protocol_brings_its_artists(self, tmp_path):
        touch(tmp_path, "genres/blues/blues.00000.au", "genres/classical/classical.00059.au")
        split = SplitSection(by="column", lists="gtzan_fault_filtered")
        tracks = read(data_section(tmp_path, split=split))
        assert [track.group for track in tracks] == ["John Lee Hooker", None]
