"""Artists: what all tracks of one artist share, and that a careless split lets a model recognise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.demo.drums import Kit
from tunebench.audio.demo.genres import Genre
from tunebench.audio.demo.instruments import Voice

EQ_CENTRES_HZ = (80.0, 200.0, 500.0, 1200.0, 3000.0, 7000.0)


@dataclass(frozen=True)
class Artist:
    """An artist of one genre.

    Attributes:
        voice, kit: the character of their instruments and drums.
        cast: one instrument for each part of the genre.
        key: semitones above C of their favourite key.
        tempo_bpm: their favourite tempo.
        timing_s: standard deviation of their playing against the beat.
        eq_db: (6,) gains at `EQ_CENTRES_HZ`: their microphone and mixing desk.
        room_s, wet: time in which their room's echo falls by 60 dB, and its share in the mix.
        room_seed: the room's own echo pattern.
        noise_db, noise_tilt: level of the noise floor below the music's, and its fall in dB per octave.
        hum_hz, hum_db: a tone in their equipment.
        peak_db: level of the loudest sample, against full scale.
    """

    voice: Voice
    kit: Kit
    cast: tuple[str, ...]
    key: int
    tempo_bpm: float
    timing_s: float
    eq_db: NDArray[np.float64]
    room_s: float
    wet: float
    room_seed: int
    noise_db: float
    noise_tilt: float
    hum_hz: float
    hum_db: float
    peak_db: float


def draw(genre: Genre, rng: np.random.Generator) -> Artist:
    """Draw an artist of a genre. All but cast and tempo comes from the same ranges in every genre."""
    return Artist(
        voice=Voice(
            brightness=rng.uniform(0.1, 0.9),
            detune_cents=rng.uniform(4, 14),
            attack_s=rng.uniform(0.02, 0.25),
            ring_s=float(np.exp(rng.uniform(np.log(0.5), np.log(2.0)))),
            drawbars=(1.0, *rng.uniform(0.1, 0.9, 5)),
            tremolo_hz=rng.uniform(2.0, 6.5),
            tremolo=max(0.0, rng.uniform(-0.3, 0.7)),
            fm_ratio=float(rng.choice([1.0, 2.0, 3.0, 1.41, 3.5])),
            pick=rng.uniform(0.08, 0.5),
        ),
        kit=Kit(tuning=rng.uniform(0.75, 1.3), decay=rng.uniform(0.6, 1.5), noise=rng.uniform(0.45, 0.9)),
        cast=tuple(str(rng.choice(part.instruments)) for part in genre.parts),
        key=int(rng.integers(0, 12)),
        tempo_bpm=rng.uniform(*genre.tempo_bpm),
        timing_s=rng.uniform(0.0, 0.008),
        eq_db=rng.uniform(-9, 9, len(EQ_CENTRES_HZ)),
        room_s=float(np.exp(rng.uniform(np.log(0.15), np.log(1.2)))),
        wet=rng.uniform(0.05, 0.35),
        room_seed=int(rng.integers(1, 2**31)),
        noise_db=rng.uniform(-50, -28),
        noise_tilt=rng.uniform(-6, 0),
        hum_hz=float(np.exp(rng.uniform(np.log(50), np.log(6000)))),
        hum_db=rng.uniform(-50, -32),
        peak_db=rng.uniform(-12, -2),
    )
