"""Feature vectors of segments: those of the table, computed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tunebench.audio.corpus import Corpus
from tunebench.audio.prepare import prepare
from tunebench.audio.segments import Segments, segment
from tunebench.audio.store import Store
from tunebench.catalog.features import FEATURES
from tunebench.features import matrix
from tunebench.features.matrix import feature_matrix
from tunebench.features.table import feature_table
from tunebench.space.sections import DataSection


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, Segments]:
    root: Path = tmp_path_factory.mktemp("noise")
    rng = np.random.default_rng(4)
    for label in ("a", "b"):
        (root / label).mkdir()
        soundfile.write(root / label / f"{label}.wav", 0.1 * rng.standard_normal(8_000), 8_000)
    section = DataSection.model_validate(
        {"root": root, "sample_rate": 8_000, "segment": {"seconds": 0.4}, "split": {"by": "track"}}
    )
    corpus = prepare(section, store=Store(tmp_path_factory.mktemp("store")))
    return corpus, segment(corpus, section.segment)


def test_a_vector_a_segment_as_in_the_table(cut: tuple[Corpus, Segments]) -> None:
    found = feature_matrix(*cut)
    assert found.columns == FEATURES
    table = feature_table(*cut, row="segment")
    np.testing.assert_allclose(found.values, table[list(FEATURES)].to_numpy(), rtol=1e-6)


def test_what_was_computed_is_read(cut: tuple[Corpus, Segments], monkeypatch: pytest.MonkeyPatch) -> None:
    before = feature_matrix(*cut)
    asked: list[list[int]] = []
    real = matrix.extracted
    monkeypatch.setattr(
        matrix, "extracted", lambda c, tracks, s, **m: asked.append(tracks) or real(c, tracks, s, **m)
    )
    np.testing.assert_array_equal(feature_matrix(*cut).values, before.values)
    next(cut[0].store.root.rglob("*.npy")).unlink()
    np.testing.assert_array_equal(feature_matrix(*cut).values, before.values)
    assert [len(tracks) for tracks in asked] == [0, 1]
