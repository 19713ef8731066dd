"""Feature tables are read back as they were written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tunebench.errors import DataError
from tunebench.features.read import read_features


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame({
        "filename": ["a.wav", "b.wav"], "length": [7, 8], "tempo": [90, 120], "rms_mean": [0.1, 0.2],
        "comment": ["x", "y"], "label": ["rock", None],
    })  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_is_read(tmp_path, table, suffix):
    file = tmp_path / f"features{suffix}"
    table.to_csv(file, index=False) if suffix == ".csv" else table.to_parquet(file, index=False)
    read = read_features(file)
    assert read.names == ("a.wav", "b.wav")
    assert read.labels == ("rock", "")
    assert read.columns == ("tempo", "rms_mean")
    np.testing.assert_array_equal(read.figures, [[90, 0.1], [120, 0.2]])
    table.drop(columns="label").to_csv(tmp_path / "b.csv", index=False)
    assert read_features(tmp_path / "b.csv").labels == ("", "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rms_mean": [0.1, np.nan]}, r"f\.csv: 'rms_mean' of b\.wav is missing\. Write a number, or leave"),
        ({"tempo": [np.inf, np.nan]}, r"'tempo' of a\.wav is infinite, and 1 more are missing"),
        ({"tempo": ["fast", "slow"], "rms_mean": ["x", "y"]}, "no row with a column of numbers"),
    ],
)
def test_figures_that_are_none(tmp_path, table, change, said):
    table.assign(**change).to_csv(tmp_path / "f.csv", index=False)
    with pytest.raises(DataError, match=said):
        read_features(tmp_path / "f.csv")


def test_tables_that_are_none(tmp_path, table):
    table.drop(columns="filename").to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError, match=r"no column 'filename'\. Received: length, tempo"):
        read_features(tmp_path / "a.csv")
    (tmp_path / "a.parquet").write_text("no parquet")
    (tmp_path / "empty.csv").write_text("")
    for name in ("a.parquet", "empty.csv", "absent.csv"):
        with pytest.raises(DataError, match=rf"{name}: cannot be read as a table"):
            read_features(tmp_path / name)
    table.iloc[:0].to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match=r"rows\.csv: no row"):
        read_features(tmp_path / "rows.csv")
