"""The studio: room, equaliser, noise floor and level of an artist, put on a finished performance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.demo.artists import EQ_CENTRES_HZ, Artist

Wave = NDArray[np.float64]


def record(dry: Wave, rate_hz: int, artist: Artist, rng: np.random.Generator) -> NDArray[np.int16]:
    """Record a performance `(samples,)` as this artist's tracks sound; the peak stays below full scale."""
    samples = len(dry)
    room = _room(rate_hz, artist)
    size = 1 << (samples + len(room) - 1).bit_length()
    response = np.fft.rfft(room, n=size) * _equaliser(size, rate_hz, artist)
    music = np.fft.irfft(np.fft.rfft(dry, n=size) * response, n=size)[:samples]
    loudness = np.sqrt(np.mean(music**2)) + 1e-9
    mix = music + loudness * _floor(samples, rate_hz, artist, rng)
    peak = 10 ** (artist.peak_db / 20)
    return np.round(mix * (peak * 32767 / np.max(np.abs(mix)))).astype(np.int16)


def _room(rate_hz: int, artist: Artist) -> Wave:
    """Impulse response, the same for all of an artist's tracks: the direct sound, then fading noise."""
    time_s = np.arange(int(artist.room_s * rate_hz)) / rate_hz
    noise = np.random.default_rng(artist.room_seed).standard_normal(len(time_s))
    echo = noise * 10 ** (-3 * time_s / artist.room_s)
    response = artist.wet * echo / np.sqrt(np.sum(echo**2))
    response[0] += 1 - artist.wet
    return response


def _equaliser(size: int, rate_hz: int, artist: Artist) -> Wave:
    """Gain at each bin of an FFT of `size`, straight lines between the bands on a scale of octaves."""
    frequency_hz = np.maximum(np.fft.rfftfreq(size, 1 / rate_hz), 1.0)
    gain_db = np.interp(np.log2(frequency_hz), np.log2(EQ_CENTRES_HZ), artist.eq_db)
    return 10 ** (gain_db / 20)


def _floor(samples: int, rate_hz: int, artist: Artist, rng: np.random.Generator) -> Wave:
    """Noise floor and hum, as a share of the music's loudness."""
    frequency_hz = np.maximum(np.fft.rfftfreq(samples, 1 / rate_hz), 20.0)
    tilt = 10 ** (artist.noise_tilt * np.log2(frequency_hz / 1000) / 20)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * tilt, n=samples)
    noise *= 10 ** (artist.noise_db / 20) / np.sqrt(np.mean(noise**2))
    hum = np.sin(2 * np.pi * artist.hum_hz * np.arange(samples) / rate_hz + rng.uniform(0, 2 * np.pi))
    return noise + np.sqrt(2) * 10 ** (artist.hum_db / 20) * hum
