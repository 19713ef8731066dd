from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import soxr
from tests.audio.decoder_suite import DecoderSuite, loudest_hz
from tests.audio.sounds import lying_flac, tone, wav_header, write

from tunebench.audio import pcm
from tunebench.audio.decoder import decode, decoder_named
from tunebench.audio.native import NativeDecoder
from tunebench.audio.rejection import RejectedAudioError
from tunebench.audio.trim import Trim
from tunebench.errors import MissingDependencyError


class TestNativeDecoder(DecoderSuite):
    formats = ("wav", "flac", "ogg", "mp3", "au", "aiff", "m4a", "aac", "wma", "mka")

    @pytest.fixture
    def decoder(self):
        return NativeDecoder()


def test_resampling_is_soxr_in_high_quality(tmp_path):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 300_000).astype(np.float32)
    path = write(tmp_path / "a.wav", samples, 44_100, subtype="FLOAT")
    expected = np.rint(soxr.resample(samples, 44_100, 16_000, quality="HQ") * 32_768)
    np.testing.assert_allclose(decode(path, 16_000), expected, atol=1)


def test_a_stream_that_changes_its_channels_on_the_way(tmp_path):
    mono = write(tmp_path / "mono.aac", tone(1.0, hz=500)).read_bytes()
    stereo = write(tmp_path / "stereo.aac", tone(1.0, hz=500, channels=2)).read_bytes()
    (tmp_path / "both.aac").write_bytes(mono + stereo)
    samples = decode(tmp_path / "both.aac", 16_000)
    assert len(samples) == pytest.approx(32_000, rel=0.15)  # an encoder pads each part
    assert loudest_hz(samples[20_000:30_000], 16_000) == pytest.approx(500, abs=5)


@pytest.mark.parametrize("suffix", ["mp3", "m4a"])
def test_trims_what_is_compressed(tmp_path, suffix):
    low_then_high = np.concatenate([tone(2.0, hz=300), tone(2.0, hz=2_000), tone(2.0, hz=300)])
    path = write(tmp_path / f"a.{suffix}", low_then_high)
    for trim in (Trim(1.0, 2.5), Trim(1.0, None)):
        samples = decode(path, 16_000, trim=trim)
        assert len(samples) == 16_000
        assert loudest_hz(samples, 16_000) == pytest.approx(2_000, abs=2)


@pytest.mark.parametrize("frames", [0, 2**36 - 1])
@pytest.mark.parametrize("trim", [None, Trim(0.5, None)])
def test_flac_that_lies_about_its_length_is_read_as_far_as_it_goes(tmp_path, frames, trim):
    samples = decode(lying_flac(tmp_path / "a.flac", frames), 16_000, trim=trim)
    assert len(samples) == (8_000 if trim else 16_000)


def test_middle_of_an_mp3_that_was_cut_off(tmp_path):
    path = write(tmp_path / "a.mp3", tone(20.0, noise=0.1))
    path.write_bytes(path.read_bytes()[:15_000])
    whole = decode(path, 16_000)
    assert 16_000 < len(whole) < 10 * 16_000
    middle = decode(path, 16_000, trim=Trim(1.0, None))
    assert len(middle) == 16_000


def test_mp3_is_decoded_in_silence(tmp_path, capfd):
    path = write(tmp_path / "a.mp3", tone(40.0, 22_050, noise=0.1), 22_050)
    decode(path, 16_000)
    decode(path, 16_000, trim=Trim(5.0, 20.0))
    decode(path, 16_000, trim=Trim(5.0, None))
    assert capfd.readouterr() == ("", "")


def test_wav_that_was_cut_off_gives_what_is_there(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_header(16_000, 1, 2**32 - 1) + (tone() * 32_767).astype("<i2").tobytes())
    assert len(decode(path, 16_000)) == 16_000


def test_longest_track(tmp_path, monkeypatch):
    monkeypatch.setattr(pcm, "LONGEST_S", 2.0)
    path = write(tmp_path / "a.wav", tone(2.5))
    with pytest.raises(RejectedAudioError, match=r"too long: over .* h; cut the file, or keep .*data\.trim"):
        decode(path, 16_000)
    assert len(decode(path, 16_000, trim=Trim(1.0))) == 16_000


def test_memory_does_not_depend_on_length(tmp_path):
    path = write(tmp_path / "a.wav", np.zeros(12_000_000, np.int16), 48_000)
    tracemalloc.start()
    try:
        for _ in NativeDecoder().blocks(path, 16_000, None):
            pass
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_directory_is_inaccessible(tmp_path):
    with pytest.raises(RejectedAudioError, match="inaccessible"):
        decode(tmp_path, 16_000)


@pytest.mark.parametrize("suffix", ["raw", "au", "snd", "vox", "gsm"])
def test_what_has_no_header_is_no_audio_whatever_its_suffix(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(bytes(30_000))
    with pytest.raises(RejectedAudioError, match="unreadable"):
        decode(path, 16_000)


def test_tfio_without_tensorflow_io_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorflow_io", None)
    with pytest.raises(MissingDependencyError, match=r"decoder: tfio.*pip install 'tunebench\[tfio\]'"):
        decoder_named("tfio")
