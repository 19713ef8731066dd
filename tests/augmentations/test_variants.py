"""What pitch shift and time stretch do to a signal that is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tunebench.audio.pcm import to_int16
from tunebench.augmentations import variants
from tunebench.catalog.variants import Variant, variants_of

RATE_HZ = 16_000
A_HZ = 440.0


def shifted(semitones: float) -> Variant:
    return Variant("pitch_shift", semitones)


def faster(rate: float) -> Variant:
    return Variant("time_stretch", rate, rate)


def tone(seconds: float, level: float = 0.3) -> NDArray[np.int16]:
    return to_int16(level * np.sin(2 * np.pi * A_HZ * np.arange(round(seconds * RATE_HZ)) / RATE_HZ))


def whole(samples: NDArray[np.int16], variant: Variant, rate_hz: int = RATE_HZ) -> NDArray[np.int16]:
    made = np.concatenate(list(variants.altered(samples, variant, rate_hz)))
    assert made.dtype == np.int16
    return made


def peak_hz(samples: NDArray[np.int16]) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(spectrum.argmax()) * RATE_HZ / (8 * len(samples))


@pytest.mark.parametrize("semitones", [-12, -2, -1, 1, 2, 12])
def test_a_shifted_tone_is_at_its_new_pitch_and_as_long_as_before(semitones: int) -> None:
    made = whole(tone(2.0), shifted(semitones))
    assert len(made) == 2 * RATE_HZ
    assert peak_hz(made) == pytest.approx(A_HZ * 2 ** (semitones / 12), rel=0.005)
    middle = made[RATE_HZ // 2 : -RATE_HZ // 2].astype(float)
    assert 20 * np.log10(middle.std() / tone(1.0).std()) == pytest.approx(0.0, abs=2.0)


@pytest.mark.parametrize("rate", [0.5, 0.9, 1.1, 1.5])
def test_a_stretched_tone_keeps_its_pitch_and_lasts_as_long_as_it_should(rate: float) -> None:
    made = whole(tone(2.0), faster(rate))
    assert len(made) == round(2.0 * RATE_HZ / rate) == faster(rate).at(2 * RATE_HZ)
    assert peak_hz(made) == pytest.approx(A_HZ, rel=0.005)


@pytest.mark.parametrize("variant", [faster(0.9), faster(1.1), shifted(2), shifted(-2)])
def test_clicks_are_where_the_variant_says_that_their_moment_is(variant: Variant) -> None:
    clicks = np.arange(1, 8) * RATE_HZ // 2
    train = np.zeros(4 * RATE_HZ, np.int16)
    train[clicks] = 20_000
    made = np.abs(whole(train, variant).astype(float))
    period, smear = variant.at(RATE_HZ // 2), round(0.04 * RATE_HZ)  # half of the vocoder's window, and a bit
    for click in clicks:
        expected = variant.at(int(click))
        around = made[expected - period // 2 : expected + period // 2]
        assert abs(int(around.argmax()) - period // 2) <= smear
    assert abs(variant.at(int(clicks[-1])) - int(clicks[-1])) > 2 * smear or variant.rate == 1.0


def test_what_overflows_is_cut() -> None:
    rng = np.random.default_rng(0)
    loud = to_int16(rng.choice([-1.0, 1.0], RATE_HZ))
    made = whole(loud, shifted(-1))
    assert (made.min(), made.max()) == (-(2**15), 2**15 - 1)
    assert np.mean(made.astype(float) * np.roll(made, 1)) / np.mean(made.astype(float) ** 2) > -0.5, "no wrap"


@pytest.mark.parametrize("variant", [faster(1.1), faster(0.95), shifted(3)])
@pytest.mark.parametrize("samples", [800, 4_001])
def test_short_and_silent_tracks(variant: Variant, samples: int) -> None:
    assert len(whole(tone(1.0)[:samples], variant, 8_000)) == variant.at(samples)
    assert not whole(np.zeros(samples, np.int16), variant, 8_000).any()


def test_a_long_track_is_altered_in_pieces_that_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "_PIECE_S", 0.7)
    long = tone(5.0)
    pieces = list(variants.altered(long, faster(1.1), RATE_HZ))
    assert len(pieces) == 8
    made = np.concatenate(pieces)
    assert len(made) == faster(1.1).at(len(long))
    assert peak_hz(made) == pytest.approx(A_HZ, rel=0.005)


def test_strengths_allow_whole_semitones_and_steps_of_speed() -> None:
    def of(**strengths: float) -> list[float]:
        return [v.amount for v in variants_of({f"augmentation.{k}": v for k, v in strengths.items()})]

    assert of() == of(pitch_shift=0, time_stretch=0.0) == of(time_stretch=0.04) == []
    assert of(pitch_shift=2) == [-1, 1, -2, 2]
    assert of(time_stretch=0.1) == of(time_stretch=0.14) == [0.95, 1.05, 0.9, 1.1]
    assert of(time_stretch=0.15)[-2:] == [0.85, 1.15]  # 0.15 / 0.05 is below 3 in floating point
    assert len(of(pitch_shift=12, time_stretch=0.5)) == 24 + 20
    assert set(of(pitch_shift=1, time_stretch=0.05)) < set(of(pitch_shift=3, time_stretch=0.2))
    assert {v.rate for v in variants_of({"augmentation.pitch_shift": 2})} == {1.0}
