"""The 57 figures against an independent reference, and the tables that they are written to."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.features.reference import GOLDEN, RATE_HZ, signals, summary

from tunebench.app.features import write_features
from tunebench.catalog.features import FEATURES
from tunebench.errors import InputError
from tunebench.features.extract import summary_features
from tunebench.space.sections import DataSection, SegmentSection, SplitSection

PUBLIC_HEADER = (
    "filename,length,chroma_stft_mean,chroma_stft_var,rms_mean,rms_var,spectral_centroid_mean,"
    "spectral_centroid_var,spectral_bandwidth_mean,spectral_bandwidth_var,rolloff_mean,rolloff_var,"
    "zero_crossing_rate_mean,zero_crossing_rate_var,harmony_mean,harmony_var,perceptr_mean,perceptr_var,tempo,"
    + ",".join(f"mfcc{number}_{moment}" for number in range(1, 21) for moment in ("mean", "var"))
    + ",label"
)
"""The first line of `features_30_sec.csv`."""

golden = pytest.fixture(scope="module")(lambda: json.loads(GOLDEN.read_text()))


@pytest.mark.parametrize("name", signals())
def test_librosa_s_figures_are_the_reference_s(name: str, golden: dict[str, list[float]]) -> None:
    found, expected = summary_features(signals()[name], RATE_HZ), np.array(golden[name])
    assert found.shape == (57,) == expected.shape
    for feature, value, reference in zip(FEATURES, found, expected, strict=True):
        assert value == pytest.approx(reference, rel=1e-4, abs=1e-7), feature


@pytest.mark.parametrize("name", ["sweep in noise"])
def test_the_golden_values_are_the_reference_s(name: str, golden: dict[str, list[float]]) -> None:
    np.testing.assert_allclose(summary(signals()[name]), golden[name], rtol=1e-6)


def test_tempo_and_pitch_are_heard(golden: dict[str, list[float]]) -> None:
    """Not only the same as the reference, but right."""
    tempo = FEATURES.index("tempo")
    assert golden["chord and drums"][tempo] == pytest.approx(120, abs=4)
    assert golden["quick drums"][tempo] == pytest.approx(152, abs=4)


@pytest.mark.parametrize("waveform", [np.zeros(100), np.zeros(22_050), np.full(5000, 0.5)])
def test_figures_of_what_is_short_or_silent_are_finite(waveform: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        assert np.isfinite(summary_features(waveform, RATE_HZ)).all()


@pytest.fixture
def section(tiny_corpus: Path) -> DataSection:
    return DataSection(
        root=tiny_corpus,
        sample_rate=8000,
        segment=SegmentSection(seconds=0.6, hop=0.6),
        split=SplitSection(by="track"),
    )


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBENCH_HOME", str(tmp_path / "home"))


def test_a_table_in_the_public_layout(section: DataSection, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    rows = write_features(section, tmp_path / "features.csv", progress=lambda *at: told.append(at))
    assert rows == 24
    assert told[-1] == (24, 24)
    assert (tmp_path / "features.csv").read_text().splitlines()[0] == PUBLIC_HEADER
    table = pd.read_csv(tmp_path / "features.csv")
    assert table.filename[0] == "high-0-0.wav"
    assert set(table.label) == {"high", "low", "middle"}
    assert set(table.length) == {9600}
    centroids = table.groupby("label").spectral_centroid_mean.mean()
    assert centroids["low"] < centroids["middle"] < centroids["high"]


def test_segments_as_parquet(section: DataSection, tmp_path: Path) -> None:
    assert write_features(section, tmp_path / "deep" / "features.parquet", segments=True) == 48
    table = pd.read_parquet(tmp_path / "deep" / "features.parquet")
    assert ",".join(table.columns) == PUBLIC_HEADER
    assert list(table.filename[:3]) == ["high-0-0.0.wav", "high-0-0.1.wav", "high-0-1.0.wav"]
    assert set(table.length) == {4800}


def test_mfccs_as_json(section: DataSection, tmp_path: Path) -> None:
    assert write_features(section, tmp_path / "mfcc.json", mfcc=13) == 48
    found: dict[str, Any] = json.loads((tmp_path / "mfcc.json").read_text())
    assert found["mapping"] == ["high", "low", "middle"]
    assert len(found["mfcc"]) == len(found["labels"]) == len(found["files"]) == 48
    assert np.array(found["mfcc"]).shape == (48, 1 + 4800 // 512, 13)


@pytest.mark.parametrize(
    ("name", "mfcc", "said"),
    [
        ("features.xlsx", 0, r"write features\.csv"),
        ("mfcc.csv", 13, r"--out mfcc\.json"),
        ("a.json", 0, "--mfcc 13"),
    ],
)
def test_files_of_other_kinds_are_refused(
    section: DataSection, tmp_path: Path, name: str, mfcc: int, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        write_features(section, tmp_path / name, mfcc=mfcc)


def test_the_reference_needs_no_librosa() -> None:
    source = importlib.util.find_spec("tests.features.reference")
    assert source is not None
    assert "import librosa" not in Path(str(source.origin)).read_text()
