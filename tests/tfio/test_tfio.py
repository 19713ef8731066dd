"""tensorflow-io's decoder, in an environment of its own: see constraints-tfio.txt."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from tests.audio.decoder_suite import DecoderSuite, loudest_hz
from tests.audio.sounds import data_section, small_corpus, tone, write

from tunebench.audio import tfio
from tunebench.audio.decoder import decode, decoder_named
from tunebench.audio.prepare import prepare
from tunebench.audio.rejection import RejectedAudioError
from tunebench.audio.store import Store

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_io") is None,
    reason="tensorflow-io is not installed: pip install -c constraints-tfio.txt 'tunebench[tfio]'",
)


@pytest.fixture(scope="module")
def made():
    return decoder_named("tfio")


class TestTensorFlowIO(DecoderSuite):
    formats = ("wav", "flac", "ogg", "mp3")
    refused_subtypes = ("PCM_32",)  # which it takes for floats

    @pytest.fixture
    def decoder(self, made):
        return made

    def verdict(self, name):
        torn = ("empty - header only", "empty - promises terabytes")
        return "unreadable" if name in torn else super().verdict(name)


def test_agrees_with_the_default_decoder_below_its_roll_off(made, tmp_path):
    path = write(tmp_path / "a.flac", tone(2.0, 22_050, hz=3_000, channels=2, noise=0.0), 22_050)
    ours, theirs = decode(path, 16_000), decode(path, 16_000, decoder=made)
    assert abs(len(ours) - len(theirs)) <= 1
    assert loudest_hz(theirs, 16_000) == pytest.approx(3_000, abs=1)
    middle = slice(8_000, 24_000)  # its resampler is a tenth of a sample off
    np.testing.assert_allclose(theirs[middle], ours[middle], atol=0.1 * 16_384)
    assert np.corrcoef(theirs[middle], ours[middle])[0, 1] > 0.99


@pytest.mark.parametrize("suffix", ["au", "aiff", "m4a"])
def test_other_formats_say_what_to_use(made, tmp_path, suffix):
    path = write(tmp_path / f"a.{suffix}", tone())
    with pytest.raises(RejectedAudioError, match=r"unreadable: .*wav, flac, ogg and mp3.*decoder: soundfile"):
        decode(path, 16_000, decoder=made)


def test_large_files_are_not_decoded_as_a_whole(made, tmp_path, monkeypatch):
    monkeypatch.setattr(tfio, "LARGEST_BYTES", 1_000)
    with pytest.raises(RejectedAudioError, match=r"too long: over 1,000 bytes; use decoder: soundfile"):
        decode(write(tmp_path / "a.wav", tone()), 16_000, decoder=made)


def test_prepares_a_corpus_in_threads(tmp_path):
    data = data_section(small_corpus(tmp_path / "audio", rate=22_050), decoder="tfio")
    store = Store(tmp_path / "store")
    corpus = prepare(data, store=store, workers=2)
    assert {item.samples for item in corpus.tracks} == {4_800}
    default = prepare(data.model_copy(update={"decoder": "soundfile"}), store=store)
    assert {item.key for item in default.tracks}.isdisjoint(item.key for item in corpus.tracks)
