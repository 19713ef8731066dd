"""The vector before the scores: the model's own, the same window by window, and good to cluster by."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import soundfile

import tunebench
from tunebench.errors import InputError
from tunebench.serving import embedder as module
from tunebench.serving.embedder import Embedder


@pytest.fixture(scope="module")
def embedder(predictor) -> Embedder:
    return Embedder.load(predictor.bundle.folder)


def test_the_scores_of_the_vector_are_those_of_the_model(embedder, predictor, classifier, waveforms):
    layer = classifier.model.get_layer("scores")
    for waveform in waveforms[::5]:
        vector = embedder.embed(waveform)
        scores = vector @ layer.kernel.numpy() + layer.bias.numpy()
        expected = predictor.predict_waveform(waveform, 8_000).probabilities
        np.testing.assert_allclose(np.exp(scores) / np.exp(scores).sum(), expected, atol=1e-5)


def test_a_recording_is_the_mean_of_its_windows(embedder, waveforms, monkeypatch):
    long = np.concatenate(waveforms[:4])
    hop, length = embedder.bundle.hop_samples, embedder.bundle.segment_samples
    starts = range(0, len(long) - length + 1, hop)
    each = [embedder.embed(long[start : start + length]) for start in starts]
    cut = long[: starts[-1] + length]
    np.testing.assert_allclose(embedder.embed(cut), np.mean(each, axis=0), rtol=1e-4, atol=1e-5)
    together = embedder.embed(long)
    monkeypatch.setattr(module, "BATCH_SIZE", 1)
    np.testing.assert_allclose(embedder.embed(long), together, rtol=1e-4, atol=1e-5)


def test_a_bundle_without_its_keras_model(predictor, tmp_path):
    folder = tmp_path / "thin"
    shutil.copytree(predictor.bundle.folder, folder, ignore=shutil.ignore_patterns("model.keras"))
    with pytest.raises(
        InputError, match=r"model\.keras: no model whose embeddings can be taken.*--format keras"
    ):
        Embedder.load(folder)


def test_a_collection_by_embeddings(predictor, waveforms, tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEBENCH_HOME", str(tmp_path))
    monkeypatch.delenv("TUNEBENCH_STORE", raising=False)

    for number, waveform in enumerate(waveforms):
        folder = tmp_path / "music" / ("high" if number < 8 else "low")
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{number}.wav", waveform, 8_000)

    def cluster():
        return tunebench.cluster_collection(
            tmp_path / "music", model=str(predictor.bundle.folder), clusters=2
        )

    found = cluster()
    assert found.summary["vectors"] == "embeddings"
    assert found.summary["agreement"]["ari"] > 0.5  # of a net that was trained for a moment
    assert found.summary["agreement"]["taught"] == ["high", "low"]
    assert all(row["marks"] == {} for row in found.summary["members"])

    def refuse(*arguments: object) -> None:
        raise AssertionError("embedded again")

    monkeypatch.setattr(Embedder, "embed", refuse)
    again = cluster()
    assert again.summary == found.summary
    np.testing.assert_array_equal(again.clusters.silhouettes, found.clusters.silhouettes)
