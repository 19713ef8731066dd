"""What every decoder must do. `tests/audio` and `tests/tfio` run it over theirs."""

from __future__ import annotations

import numpy as np
import pytest
from tests.audio.sounds import hostile, tone, write

from tunebench.audio.decoder import decode
from tunebench.audio.rejection import RejectedAudioError
from tunebench.audio.trim import Trim


def loudest_hz(samples, rate):
    """Frequency of the largest line of the spectrum."""
    return np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * rate / len(samples)


class DecoderSuite:
    """Subclasses give the fixture `decoder`, and what theirs reads."""

    formats: tuple[str, ...] = ()
    refused_subtypes: tuple[str, ...] = ()

    @pytest.fixture
    def decoder(self):
        raise NotImplementedError

    def test_reads_every_format(self, decoder, tmp_path):
        for suffix in self.formats:
            path = write(tmp_path / f"a.{suffix}", tone(2.0, 44_100, hz=1_000, channels=2), 44_100)
            samples = decode(path, 16_000, decoder=decoder)
            assert samples.dtype == np.int16, suffix
            assert len(samples) == pytest.approx(32_000, abs=3_000), suffix  # lossy codecs pad
            assert loudest_hz(samples, 16_000) == pytest.approx(1_000, abs=2), suffix
            middle = samples[8_000:24_000] / 32_768
            assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, rel=0.05), suffix

    def test_keeps_every_bit_at_the_same_rate(self, decoder, tmp_path):
        samples = np.random.default_rng(0).integers(-32_768, 32_768, 16_000).astype(np.int16)
        for suffix in ("wav", "flac"):
            path = write(tmp_path / f"a.{suffix}", samples)
            np.testing.assert_array_equal(decode(path, 16_000, decoder=decoder), samples)

    @pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT"])
    def test_sample_formats(self, decoder, tmp_path, subtype):
        path = write(tmp_path / "a.wav", tone(), subtype=subtype)
        try:
            samples = decode(path, 16_000, decoder=decoder)
        except RejectedAudioError as rejected:
            assert subtype in self.refused_subtypes, rejected  # noqa: PT017
            return
        np.testing.assert_allclose(samples / 32_768, tone(), atol=0.01)
        assert subtype not in self.refused_subtypes

    def test_mixes_channels_to_their_mean(self, decoder, tmp_path):
        channels = np.stack([tone(level=0.8), np.zeros(16_000)], axis=1)
        samples = decode(write(tmp_path / "a.wav", channels), 16_000, decoder=decoder)
        np.testing.assert_allclose(samples / 32_768, tone(level=0.4), atol=1e-4)

    def test_eight_channels_at_192_khz(self, decoder, tmp_path):
        path = write(tmp_path / "a.wav", tone(1.0, 192_000, channels=8), 192_000)
        samples = decode(path, 16_000, decoder=decoder)
        assert len(samples) == pytest.approx(16_000, abs=2)
        assert loudest_hz(samples, 16_000) == pytest.approx(440, abs=2)

    def test_saturates(self, decoder, tmp_path):
        path = write(tmp_path / "a.wav", tone(level=3.0), subtype="FLOAT")
        samples = decode(path, 16_000, decoder=decoder)
        assert samples.max() == 32_767
        assert samples.min() == -32_768

    def test_trims(self, decoder, tmp_path):
        rising = np.linspace(0.1, 0.9, 32_000).astype(np.float32)
        path = write(tmp_path / "a.wav", rising, subtype="FLOAT")
        expected = np.rint(rising * 32_768)
        for trim, start, stop in (
            (Trim(0.5, 1.0), 16_000, 24_000),
            (Trim(0.5, None), 12_000, 20_000),
            (Trim(5.0, 1.5), 24_000, 32_000),
            (Trim(5.0, None), 0, 32_000),
        ):
            samples = decode(path, 16_000, trim=trim, decoder=decoder)
            np.testing.assert_allclose(samples, expected[start:stop], atol=1)

    def test_trim_after_the_end_is_rejected(self, decoder, tmp_path):
        path = write(tmp_path / "a.wav", tone())
        with pytest.raises(RejectedAudioError, match=r"empty: .*no samples"):
            decode(path, 16_000, trim=Trim(1.0, 5.0), decoder=decoder)

    def test_rejects_hostile_files_with_a_reason(self, decoder, tmp_path):
        for name, path in hostile(tmp_path).items():
            with pytest.raises(RejectedAudioError) as caught:
                decode(path, 16_000, decoder=decoder)
            assert str(caught.value).startswith(self.verdict(name)), name

    def verdict(self, name: str) -> str:
        """How the text of the verdict on a hostile file begins."""
        return name.split(" - ", maxsplit=1)[0]

    def test_missing_file_is_no_lasting_verdict(self, decoder, tmp_path):
        with pytest.raises(RejectedAudioError, match="inaccessible: ") as caught:
            decode(tmp_path / "a.wav", 16_000, decoder=decoder)
        assert not caught.value.lasting

    def test_version_names_the_decoder(self, decoder):
        assert decoder.version.partition("/")[0] in {"soundfile", "tfio"}
