"""Feature tables as corpora: what is a track, what is a feature, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tunebench.audio.feature_table import read_feature_table
from tunebench.audio.manifest import read
from tunebench.errors import DataError
from tunebench.space.sections import DataSection

GTZAN_3_S = """filename,length,chroma_stft_mean,tempo,label
blues.00000.0.wav,66149,0.33,129.2,blues
blues.00000.1.wav,66149,0.34,,blues
blues.00001.0.wav,66149,0.31,99.4,blues
blues.00001.1.wav,66149,0.29,nan,blues
rock.00000.0.wav,66149,0.71,151.9,rock
"""
GTZAN_30_S = """filename,length,chroma_stft_mean,tempo,label
blues.00000.wav,661794,0.35,129.2,blues
blues.00001.wav,661794,0.34,99.4,blues
rock.00000.wav,661794,0.71,151.9,rock
"""


def written(folder: Path, text: str, name: str = "features.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_segments_of_a_file_are_one_track(tmp_path: Path) -> None:
    table = read_feature_table(written(tmp_path, GTZAN_3_S))
    assert [track.path for track in table.tracks] == ["blues.00000.wav", "blues.00001.wav", "rock.00000.wav"]
    assert table.track.tolist() == [0, 0, 1, 1, 2]
    assert table.columns == ("chroma_stft_mean", "tempo")
    np.testing.assert_allclose(table.values[:, 0], [0.33, 0.34, 0.31, 0.29, 0.71], rtol=1e-6)
    assert np.isnan(table.values[:, 1]).tolist() == [False, True, False, True, False]


def test_numbered_tracks_are_not_segments(tmp_path: Path) -> None:
    table = read_feature_table(written(tmp_path, GTZAN_30_S))
    assert [track.path for track in table.tracks] == ["blues.00000.wav", "blues.00001.wav", "rock.00000.wav"]


@pytest.mark.parametrize(
    ("names", "tracks"),
    [(["a.0.wav", "a.1.wav", "a.2.wav"], 1), (["a.1.wav", "a.2.wav"], 2), (["a.0.wav", "a.2.wav"], 2),
     (["a.0", "a.1"], 1), (["x/a.0.wav", "y/a.0.wav"], 2), (["kick.wav", "snare.wav"], 2)],
)  # fmt: skip
def test_what_counts_as_segments(tmp_path: Path, names: list[str], tracks: int) -> None:
    rows = "".join(f"{name},1.0,c\n" for name in names)
    assert len(read_feature_table(written(tmp_path, f"filename,f,label\n{rows}")).tracks) == tracks


def test_one_file_has_one_label(tmp_path: Path) -> None:
    table = read_feature_table(written(tmp_path, "filename,f,label\na.0.wav,1,x\na.1.wav,2,y\n"))
    assert len(table.tracks) == 2


def test_rows_are_put_in_the_order_of_their_tracks(tmp_path: Path) -> None:
    lines = GTZAN_3_S.splitlines()
    mixed = "\n".join([lines[0], lines[5], lines[3], lines[1], lines[4], lines[2]])
    table, ordered = (read_feature_table(written(tmp_path, text)) for text in (mixed, GTZAN_3_S))
    assert table.tracks == ordered.tracks
    np.testing.assert_array_equal(table.track, ordered.track)
    np.testing.assert_array_equal(table.values, ordered.values)


def test_group_fold_and_split_are_no_features(tmp_path: Path) -> None:
    text = "path,f,label,group,fold,split,comment\na.wav,1,x,ann,3,train,hm\nb.wav,2,y,,,,\n"
    table = read_feature_table(written(tmp_path, text))
    assert table.columns == ("f",)
    first, second = table.tracks
    assert (first.group, first.fold, first.split) == ("ann", 3, "train")
    assert (second.group, second.fold, second.split) == (None, None, None)


def test_parquet_is_read_alike(tmp_path: Path) -> None:
    import pandas as pd

    file = written(tmp_path, GTZAN_3_S)
    pd.read_csv(file).to_parquet(tmp_path / "features.parquet")
    csv, parquet = (read_feature_table(f) for f in (file, tmp_path / "features.parquet"))
    assert csv.tracks == parquet.tracks
    np.testing.assert_allclose(csv.values, parquet.values, rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [("name,f,label\na,1,x\n", "needs the columns filename and label; received name, f, label"),
     ("filename,f,label\na.wav,1,\n", "features.csv:2: filename and label must not be empty"),
     ("filename,f,label\na.wav,1,x\na.wav,2,x\n", "a.wav stands in several rows"),
     ("filename,f,label\na.wav,1,x\nb.wav,twelve,y\n", "features.csv:3: f is 'twelve': write a number"),
     ("filename,label\na.wav,x\n", "no column of numbers"),
     ("filename,f,label,fold\na.wav,1,x,one\n", "features.csv:2: the fold is 'one': write a whole number"),
     ("filename,f,label\n", "no rows"), ("", "cannot be read as a table")],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=r"features\.csv") as raised:
        read_feature_table(written(tmp_path, text))
    assert said in str(raised.value)


def test_the_tracks_of_a_corpus_and_their_groups(tmp_path: Path) -> None:
    written(tmp_path, GTZAN_3_S)
    section = DataSection(root=tmp_path, table="features.csv", split={"by": "track"})
    assert [track.group for track in read(section)] == [None, None, None]
    grouped = section.model_copy(update={"group": DataSection.model_validate(
        {"root": tmp_path, "split": {"by": "track"}, "group": {"pattern": r"(?P<group>\d+)"}}
    ).group})  # fmt: skip
    assert [track.group for track in read(grouped)] == ["00000", "00001", "00000"]


def test_no_such_table(tmp_path: Path) -> None:
    section = DataSection(root=tmp_path, table="other.csv", split={"by": "track"})
    with pytest.raises(DataError, match=r"other\.csv: no such file. Write data\.table"):
        read(section)
