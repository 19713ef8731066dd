"""Reading a feature table back, as `write_table` or somebody else wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebench.catalog.features import FILENAME, LABEL, LENGTH
from tunebench.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """A table's rows: names `(n,)`, labels `(n,)`, empty if unknown, and figures `(n, columns)`, finite."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    figures: NDArray[np.float64]


def read_features(file: Path) -> FeatureRows:
    """Read a CSV or Parquet file with the column `filename`, columns of numbers, and perhaps `label`.

    `length`, and columns that hold no numbers, are no features.

    Raises:
        DataError: the file cannot be read, names no tracks, holds no features, or a figure is missing.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(file) if file.suffix.lower() == ".parquet" else pd.read_csv(file)
    except (OSError, ValueError) as error:  # what pandas and pyarrow raise of a faulty file is a ValueError
        said = " ".join(str(error).split())[:200]
        raise DataError(
            f"{file}: cannot be read as a table ({said}). Write one with `tunebench data features`."
        ) from error
    if FILENAME not in table:
        raise DataError(
            f"{file}: no column '{FILENAME}'. Received: {', '.join(map(str, table.columns[:5]))}. "
            "A feature table has the columns filename, features, and perhaps label."
        )
    features = table.drop(columns=[FILENAME, LENGTH, LABEL], errors="ignore").select_dtypes("number")
    if features.empty:
        raise DataError(f"{file}: no row with a column of numbers. Write it with `tunebench data features`.")
    figures = features.to_numpy(np.float64, na_value=np.nan)
    _check_finite(file, table, features, figures)
    labels = table[LABEL].fillna("").astype(str) if LABEL in table else [""] * len(table)
    return FeatureRows(
        tuple(table[FILENAME].astype(str)), tuple(labels), tuple(map(str, features.columns)), figures
    )


def _check_finite(
    file: Path, table: pd.DataFrame, features: pd.DataFrame, figures: NDArray[np.float64]
) -> None:
    rows, columns = np.nonzero(~np.isfinite(figures))
    if len(rows):
        what = "missing" if np.isnan(figures[rows[0], columns[0]]) else "infinite"
        others = f", and {len(rows) - 1} more are missing or infinite" if len(rows) > 1 else ""
        raise DataError(
            f"{file}: '{features.columns[columns[0]]}' of {table[FILENAME].iloc[rows[0]]} is {what}{others}. "
            "Write a number, or leave the row or the column out."
        )
