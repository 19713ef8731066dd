"""A corpus written as a table of features."""

from __future__ import annotations

from pathlib import Path

from tunebench import paths
from tunebench.audio.prepare import prepare
from tunebench.audio.segments import segment
from tunebench.audio.store import Store
from tunebench.errors import InputError
from tunebench.features.table import Progress, feature_table, write_mfccs, write_table
from tunebench.space import DataSection


def write_features(
    data: DataSection,
    out: Path,
    *,
    segments: bool = False,
    groups: bool = False,
    mfcc: int = 0,
    progress: Progress | None = None,
) -> int:
    """Decode what is not yet in the store, and write its features; returns the number of rows.

    Args:
        data: the corpus.
        out: `.csv` or `.parquet`; `.json` with `mfcc`.
        segments: a row a segment of `data.segment` instead of a track.
        groups: write the columns group and fold too.
        mfcc: so many MFCCs of every frame of every segment instead of the summary features.
        progress: told the number of tracks done, and of all.

    Raises:
        InputError: a file of another kind.
        DataError: the corpus or its manifest is wrong.
        StorageError: the file or the store cannot be written.
    """
    if (out.suffix.lower() == ".json") != bool(mfcc):
        raise InputError(
            f"{out}: MFCCs are written as .json with --mfcc, and summary features as .csv or .parquet. "
            f"Write --out {out.with_suffix('.json' if mfcc else '.csv').name}, or --mfcc 13."
        )
    if not mfcc and out.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"{out}: a feature table is .csv or .parquet; write {out.with_suffix('.csv').name}")
    corpus = prepare(data, store=Store(paths.store()), progress=None)
    cut = segment(corpus, data.segment)
    if mfcc:
        write_mfccs(corpus, cut, out, n_mfcc=mfcc, progress=progress)
        return len(cut)
    row = "segment" if segments else "track"
    table = feature_table(corpus, cut, row=row, groups=groups, progress=progress)
    write_table(table, out)
    return len(table)
