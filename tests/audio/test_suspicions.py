"""Planted faults are found, each by its own name, and clean tracks are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tunebench.audio.prepare import prepare
from tunebench.audio.store import Store
from tunebench.audio.suspicions import Kind, imbalance, suspicions
from tunebench.space.sections import DataSection

RATE_HZ = 16_000


def music(seconds: float = 4.0, seed: int = 0) -> np.ndarray:
    """A chord with noise up to half the sample rate, its peak at 0.5."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(seed)
    chord = sum(np.sin(2 * np.pi * hz * time_s + rng.uniform(0, 6)) for hz in (220, 330, 550))
    mixed = chord + 0.3 * rng.standard_normal(len(time_s))
    return 0.5 * mixed / np.abs(mixed).max()


CLEAN = {
    "plain": music(seed=1),
    "normalised": 2.0 * music(seed=2),
    "full-scale bass": np.sin(2 * np.pi * 55 * np.arange(4 * RATE_HZ) / RATE_HZ) * 0.99999,
    "quiet": 0.01 * music(seed=3),
    "dull": np.convolve(music(seed=4), np.hanning(25) / 12, mode="same"),
    "loud end": np.concatenate([0.02 * music(2, 5), music(2, 6)]),
}
PLANTED = {
    "clipped": (Kind.CLIPPED, np.clip(8 * music(seed=7), -1, 32767 / 32768)),
    "pause": (Kind.SILENT, np.concatenate([music(0.3, 8), np.zeros(int(3.7 * RATE_HZ))])),
    "telephone": (Kind.NARROW, soxr.resample(soxr.resample(music(seed=9), RATE_HZ, 8_000), 8_000, RATE_HZ)),
    "endless": (Kind.LENGTH, music(40.0, 10)),
    "blip": (Kind.LENGTH, music(0.5, 11)),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Kind]]:
    root: Path = tmp_path_factory.mktemp("music")
    tracks = {**CLEAN, **{name: samples for name, (_, samples) in PLANTED.items()}}
    for number, (name, samples) in enumerate(tracks.items()):
        folder = root / ("a" if number % 2 else "b")
        folder.mkdir(exist_ok=True)
        soundfile.write(folder / f"{name}.wav", samples, RATE_HZ)
    section = DataSection.model_validate({"root": root, "sample_rate": RATE_HZ, "split": {"by": "track"}})
    corpus = prepare(section, store=Store(tmp_path_factory.mktemp("store")))
    assert imbalance(corpus) is None
    kinds: dict[str, set[Kind]] = {Path(stored.track.path).stem: set() for stored in corpus.tracks}
    for suspicion in suspicions(corpus):
        assert suspicion.detail
        kinds[Path(suspicion.path).stem].add(suspicion.kind)
    return kinds


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_planted_is_found(found: dict[str, set[Kind]], name: str) -> None:
    assert found[name] == {PLANTED[name][0]}


@pytest.mark.parametrize("name", CLEAN)
def test_clean_tracks_are_not_suspected(found: dict[str, set[Kind]], name: str) -> None:
    assert found[name] == set()


def test_classes_of_very_different_sizes(tmp_path: Path) -> None:
    for label, count in (("many", 9), ("few", 2)):
        (tmp_path / label).mkdir()
        for number in range(count):
            soundfile.write(tmp_path / label / f"{number}.wav", music(1.0, number), RATE_HZ)
    section = DataSection.model_validate({"root": tmp_path, "split": {"by": "track"}})
    said = imbalance(prepare(section, store=Store(tmp_path / "store")))
    assert said is not None
    assert said.startswith("many has 9 tracks and few 2: write training.class_weights: balanced")
