"""A tiny corpus of tones that trials can be trained on in a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.training.configurations import AUGMENTED

from tunebench.audio.prepare import prepare
from tunebench.audio.segments import segment
from tunebench.audio.splits import split
from tunebench.audio.store import Store
from tunebench.catalog.variants import variants_of
from tunebench.space.sections import DataSection, SegmentSection, SplitSection
from tunebench.training.data import TrainingData
from tunebench.training.runtime import set_up
from tunebench.training.variants import with_variants

RATE_HZ = 8000


@pytest.fixture(scope="session", autouse=True)
def _as_in_a_search() -> None:
    set_up()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    """Three classes of eight noisy tones of a second, in segments of half a second, with variants."""
    root: Path = tmp_path_factory.mktemp("tones")
    rng = np.random.default_rng(0)
    time_s = np.arange(RATE_HZ) / RATE_HZ
    for label, hz in (("high", 2000), ("low", 200), ("middle", 700)):
        (root / label).mkdir()
        for number in range(8):
            tone = 0.3 * np.sin(2 * np.pi * hz * rng.uniform(0.7, 1.4) * time_s)
            noisy = tone + 0.1 * rng.standard_normal(RATE_HZ)
            soundfile.write(root / label / f"{number}.wav", noisy.astype(np.float32), RATE_HZ)
    section = DataSection(
        root=root,
        sample_rate=RATE_HZ,
        segment=SegmentSection(seconds=0.5, hop=0.5),
        split=SplitSection(by="track", validation=0.25, test=0.25, seed=1),
    )
    corpus = prepare(section, store=Store(tmp_path_factory.mktemp("store")), progress=None)
    segments = segment(corpus, section.segment)
    plain = TrainingData(corpus, segments, split(corpus, segments, section.split))
    return with_variants(plain, variants_of(AUGMENTED), workers=1)
