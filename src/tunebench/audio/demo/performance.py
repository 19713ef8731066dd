"""A performance: a genre's patterns, played by an artist."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.demo.artists import Artist
from tunebench.audio.demo.drums import DRUMS
from tunebench.audio.demo.genres import CHORDS, Chord, Genre
from tunebench.audio.demo.instruments import INSTRUMENTS

Wave = NDArray[np.float64]
_C0_HZ = 440.0 * 2 ** (-57 / 12)
_SOFT_LEVEL, _SOFT_LEFT_OUT = 0.4, 0.35


def play(genre: Genre, artist: Artist, samples: int, rate_hz: int, rng: np.random.Generator) -> Wave:
    """Play one track, `(samples,)`, without room, equaliser or noise.

    The track has its own progression, patterns, tempo (within 3% of the artist's) and key (the artist's,
    or a fourth or fifth above it), and starts anywhere in the bar.
    """
    step_samples = 60 * rate_hz / (artist.tempo_bpm * rng.uniform(0.97, 1.03)) / genre.steps_per_beat
    chords = [CHORDS[numeral] for numeral in str(rng.choice(genre.progressions)).split()]
    key = (artist.key + int(rng.choice([0, 0, 5, 7]))) % 12
    lead_in = int(rng.integers(0, int(genre.steps_per_bar * step_samples)))
    track = np.zeros(lead_in + samples)
    for part, instrument in zip(genre.parts, artist.cast, strict=True):
        sound = _player(instrument, artist, int(part.hold * step_samples), rate_hz, rng)
        pattern = str(rng.choice(part.patterns))
        gain = 10 ** ((part.level_db + rng.uniform(-2, 2)) / 20)
        for step in range(int(len(track) / step_samples) + 1):
            symbol = pattern[step % len(pattern)]
            soft = symbol == "o"
            if soft and rng.random() < _SOFT_LEFT_OUT:
                continue
            late = abs(rng.normal(0, artist.timing_s)) * rate_hz
            start = int(step * step_samples + late)
            chord = chords[step // genre.steps_per_bar % len(chords)]
            for semitones in _tones(symbol, chord):
                note = sound(12 * part.octave + key + semitones)[: max(0, len(track) - start)]
                track[start : start + len(note)] += gain * (_SOFT_LEVEL if soft else 1.0) * note
    return track[lead_in:]


def _player(
    instrument: str, artist: Artist, samples: int, rate_hz: int, rng: np.random.Generator
) -> Callable[[int], Wave]:
    """Return what gives a note by its semitones above C0, computing each once. Drums have one pitch."""
    if instrument in DRUMS:
        hit = DRUMS[instrument](rate_hz, artist.kit, rng)
        return lambda _: hit

    @cache
    def note(pitch: int) -> Wave:
        return INSTRUMENTS[instrument](_C0_HZ * 2 ** (pitch / 12), samples, rate_hz, artist.voice, rng)

    return note


def _tones(symbol: str, chord: Chord) -> tuple[int, ...]:
    """Semitones above the key that a pattern's symbol plays; a drum's hit counts as one tone."""
    if symbol == ".":
        return ()
    if symbol == "c":
        return chord
    if symbol.isdigit():
        octave, tone = divmod(int(symbol), len(chord))
        return (chord[tone] + 12 * octave,)
    return (0,)
