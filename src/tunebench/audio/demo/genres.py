"""The genres, as a table: tempo, metre, harmony, and who plays what on which step of the bar.

A pattern is one character a step: `.` rest, `x` a hit, `o` a soft hit that is sometimes left out,
`c` the whole chord, a digit the chord's tone of that number (0 the root, counting on into the next octave).

The genres overlap on purpose. Techno, breakbeat and disco share tempi, drums and bass, and differ in the
order of quick onsets: a hop that is too long blurs them. Chorale and drone share chords, register and
spectrum, and differ in the beating between close partials: a hop that is too long cannot follow it.
Waltz and bluegrass share plucked strings, dub and waltz the organ.
"""

from __future__ import annotations

from dataclasses import dataclass

Chord = tuple[int, ...]

CHORDS: dict[str, Chord] = {
    "I": (0, 4, 7),
    "i": (0, 3, 7),
    "ii": (2, 5, 9),
    "III": (3, 7, 10),
    "IV": (5, 9, 12),
    "iv": (5, 8, 12),
    "V": (7, 11, 14),
    "V7": (7, 11, 14, 17),
    "v": (7, 10, 14),
    "VI": (8, 12, 15),
    "vi": (9, 12, 16),
    "VII": (10, 14, 17),
}
"""Chords by their numeral: semitones above the key, capitals major, small letters minor."""


@dataclass(frozen=True)
class Part:
    """One player: `instruments` the artist may choose from, `patterns` a track may choose from.

    `octave` is the pitch of the key's root C (4 = middle C), `hold` a note's length in steps.
    """

    instruments: tuple[str, ...]
    patterns: tuple[str, ...]
    octave: int = 4
    hold: float = 1.0
    level_db: float = 0.0


@dataclass(frozen=True)
class Genre:
    """A genre: quarter notes a minute, metre, chord progressions (one chord a bar) and its players."""

    name: str
    tempo_bpm: tuple[float, float]
    steps_per_bar: int
    steps_per_beat: int
    progressions: tuple[str, ...]
    parts: tuple[Part, ...]


_BASS = ("bass", "pluck")
_KEYS = ("fm", "organ")
_MINOR = ("i i VI VII", "i iv i v", "i VII VI VII")
_MAJOR = ("I IV I V", "I vi IV V", "I I IV V7")
_CHORALE = ("I V vi IV", "i VI III VII", "I ii V I", "i iv v i")

GENRES: tuple[Genre, ...] = (
    Genre(
        name="techno",
        tempo_bpm=(116, 136),
        steps_per_bar=16,
        steps_per_beat=4,
        progressions=_MINOR,
        parts=(
            Part(("kick",), ("x...x...x...x...",), level_db=0),
            Part(("hat",), ("..x...x...x...x.", "x.x.x.x.x.x.x.x.", "oxoxoxoxoxoxoxox"), level_db=-9),
            Part(("rim", "snare"), ("....x.......x...", ".......o..x....."), level_db=-9),
            Part(_BASS, ("..0...0...0...0.", ".00..00..00..00."), octave=2, hold=1.5, level_db=-5),
            Part(_KEYS, ("...c..c.........", "..c..c..c......."), octave=4, hold=1.2, level_db=-8),
        ),
    ),
    Genre(
        name="breakbeat",
        tempo_bpm=(116, 140),
        steps_per_bar=16,
        steps_per_beat=4,
        progressions=_MINOR,
        parts=(
            Part(("kick",), ("x.x.......xx....", "x..x......x....."), level_db=0),
            Part(("snare", "rim"), ("....x..o.o..x..o", "....x.oo....x.xx"), level_db=-4),
            Part(("hat",), ("x.x.x.x.x.x.x.x.", "xxxxxxxxxxxxxxxx", "oxoxoxoxoxoxoxox"), level_db=-9),
            Part(_BASS, ("0..0....0.1.....", "0.....0...0..2.."), octave=2, hold=2, level_db=-5),
            Part(_KEYS, ("c...............", "......c........."), octave=4, hold=4, level_db=-9),
        ),
    ),
    Genre(
        name="disco",
        tempo_bpm=(110, 130),
        steps_per_bar=16,
        steps_per_beat=4,
        progressions=(*_MINOR[:2], *_MAJOR[:2]),
        parts=(
            Part(("kick",), ("x...x...x...x...",), level_db=0),
            Part(("snare",), ("....x.......x...",), level_db=-6),
            Part(("open_hat",), ("..x...x...x...x.",), level_db=-8),
            Part(_BASS, ("0.3.0.3.0.3.0.3.", "0.330.330.330.33"), octave=2, hold=1.2, level_db=-4),
            Part(("pluck", "fm"), ("c.cc.cc.c.cc.cc.", "..c...c...cc..c."), octave=4, hold=1, level_db=-8),
        ),
    ),
    Genre(
        name="dub",
        tempo_bpm=(120, 150),
        steps_per_bar=16,
        steps_per_beat=4,
        progressions=("i i v v", "i VII i VII", "i iv i iv"),
        parts=(
            Part(("kick",), ("........x.......", "x.......x......."), level_db=-1),
            Part(("rim", "snare"), ("........x.......", "........x.....o."), level_db=-6),
            Part(("hat",), ("x...x.x.x...x.x.", "..x...x...x...x."), level_db=-12),
            Part(_BASS, ("0.....2.0...1...", "....0.0...2.1.0."), octave=2, hold=3, level_db=-1),
            Part(("organ", "pluck", "fm"), ("....c.......c...", "....c.c.....c.c."), hold=1.2, level_db=-5),
        ),
    ),
    Genre(
        name="waltz",
        tempo_bpm=(120, 165),
        steps_per_bar=12,
        steps_per_beat=4,
        progressions=(*_MAJOR, "i iv V7 i"),
        parts=(
            Part(_BASS, ("0...........", "0...........2..........."), octave=2, hold=4, level_db=-2),
            Part(("pluck", "organ"), ("....c...c...",), octave=4, hold=2, level_db=-4),
            Part(
                ("pluck", "organ", "fm"),
                ("2.......3.4.", "4...3...2...", "2.......1...", "0.2.1.2.3.2."),
                octave=5,
                hold=4,
                level_db=-7,
            ),
        ),
    ),
    Genre(
        name="bluegrass",
        tempo_bpm=(100, 135),
        steps_per_bar=16,
        steps_per_beat=4,
        progressions=_MAJOR,
        parts=(
            Part(_BASS, ("0.......2.......",), octave=2, hold=6, level_db=-2),
            Part(
                ("pluck",),
                ("0231023102310231", "2031203120312031", "0.2.3.1.0.2.3123"),
                octave=4,
                hold=3,
                level_db=-3,
            ),
            Part(("pluck",), ("....c.......c...", "..c...c...c...c."), octave=4, hold=1, level_db=-5),
        ),
    ),
    Genre(
        name="chorale",
        tempo_bpm=(66, 96),
        steps_per_bar=4,
        steps_per_beat=1,
        progressions=_CHORALE,
        parts=(
            Part(("organ",), ("c.c.", "c..c", "c..."), octave=4, hold=2, level_db=-3),
            Part(("organ",), ("0.0.", "0..."), octave=3, hold=2, level_db=-4),
            Part(("organ",), ("2.3.", "4.32", "3..."), octave=5, hold=2, level_db=-8),
        ),
    ),
    Genre(
        name="drone",
        tempo_bpm=(66, 96),
        steps_per_bar=4,
        steps_per_beat=1,
        progressions=_CHORALE,
        parts=(
            Part(("ensemble",), ("c.c.", "c..c", "c..."), octave=4, hold=2, level_db=-3),
            Part(("ensemble",), ("0.0.", "0..."), octave=3, hold=2, level_db=-4),
            Part(("ensemble",), ("2.3.", "4.32", "3..."), octave=5, hold=2, level_db=-8),
        ),
    ),
)
