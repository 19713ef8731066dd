"""Tracks that hold the same recording under another level, codec, or beginning.

A fingerprint is 32 bits a frame: whether the energy difference of neighbouring bands grows or falls from
frame to frame (Haitsma and Kalker 2002). It does not depend on the level, little on the codec, and frames
overlap so much that a shift by half a hop changes few bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.corpus import Corpus

FRAME_S, HOP_S = 0.37, 0.0116
BANDS, LOWEST_HZ, HIGHEST_HZ = 33, 300.0, 2000.0
QUIET_DB = 50.0
"""Frames so far below the track's loudest say nothing: silence is alike everywhere."""

MAX_BIT_ERRORS = 0.30
"""Share of bits that copies may differ in. Recordings that have nothing in common differ in half of them."""

MIN_OVERLAP_S = 1.0
"""Or most of the shorter one, where that is less."""
_MOST_OF_IT, _MIN_FRAMES = 0.8, 20
_MIN_HITS = 3
_COMMONEST = 64
"""A word that stands in more places than this is the sound of a hum, and tells nothing."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`words` `(frames,)` uint32, and which frames are loud enough to mean something."""

    words: NDArray[np.uint32]
    loud: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two tracks of one recording: `second` begins `offset_s` into `first` (before it, if negative)."""

    first: int
    second: int
    offset_s: float
    overlap_s: float
    bit_errors: float
    exact: bool
    """The decoded audio is the same, sample by sample."""


def fingerprint(samples: NDArray[np.int16], sample_rate_hz: int) -> Fingerprint:
    """The fingerprint of a waveform `(samples,)`; without frames where it is shorter than one."""
    frame, hop = round(FRAME_S * sample_rate_hz), round(HOP_S * sample_rate_hz)
    if len(samples) < frame + hop:
        return Fingerprint(np.zeros(0, np.uint32), np.zeros(0, bool))
    frames = np.lib.stride_tricks.sliding_window_view(samples, frame)[::hop]
    edges_hz = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, 0.45 * sample_rate_hz), BANDS + 1)
    edges = np.round(edges_hz * frame / sample_rate_hz).astype(int)
    window = np.hanning(frame).astype(np.float32)
    energies = np.empty((len(frames), BANDS))
    for begin in range(0, len(frames), 256):  # a long track's frames are many times its samples
        spectrum = np.fft.rfft(frames[begin : begin + 256] * window, axis=1)
        energies[begin : begin + 256] = np.add.reduceat(np.abs(spectrum) ** 2, edges, axis=1)[:, :BANDS]
    slope = np.diff(energies, axis=1)  # (frames, 32)
    bits = np.diff(slope, axis=0) > 0
    words = bits @ (1 << np.arange(BANDS - 1, dtype=np.uint64))
    level = energies.sum(axis=1)[1:]
    return Fingerprint(words.astype(np.uint32), level > level.max(initial=0.0) * 10 ** (-QUIET_DB / 10))


def near_duplicates(
    corpus: Corpus, *, progress: Callable[[int, int], None] | None = None
) -> list[NearDuplicate]:
    """All pairs of tracks that hold the same recording, in the order of the corpus.

    Raises:
        StorageError: decoded audio has been removed.
    """
    rate_hz = corpus.sample_rate_hz
    prints: list[Fingerprint] = []
    for track, stored in enumerate(corpus.tracks):
        prints.append(fingerprint(corpus.read(track, 0, stored.samples), rate_hz))
        if progress:
            progress(track + 1, len(corpus.tracks))
    hop_s = round(HOP_S * rate_hz) / rate_hz
    found: list[NearDuplicate] = []
    for first, second, offset in _candidates(prints):
        compared = _bit_errors(prints[first], prints[second], offset)
        if compared is None or compared[0] > MAX_BIT_ERRORS:
            continue
        errors, frames = compared
        exact = corpus.tracks[first].key == corpus.tracks[second].key
        found.append(NearDuplicate(first, second, offset * hop_s, frames * hop_s, errors, exact))
    known = {(pair.first, pair.second) for pair in found}
    return sorted([*found, *_copies(corpus, known)], key=lambda pair: (pair.first, pair.second))


def _copies(corpus: Corpus, known: set[tuple[int, int]]) -> Iterator[NearDuplicate]:
    """Exact copies that are too short or too quiet for a fingerprint."""
    by_key: dict[str, int] = {}
    for track, stored in enumerate(corpus.tracks):
        first = by_key.setdefault(stored.key, track)
        if first != track and (first, track) not in known:
            yield NearDuplicate(first, track, 0.0, stored.samples / corpus.sample_rate_hz, 0.0, True)


def _candidates(prints: list[Fingerprint]) -> Iterator[tuple[int, int, int]]:
    """Pairs that share several words at one offset (frames of the first before the second begins)."""
    words, tracks, frames = _words(prints)
    order = np.argsort(words, kind="stable")  # within a word: by track, by frame
    words, tracks, frames = words[order], tracks[order], frames[order]
    begins = np.flatnonzero(np.diff(words, prepend=words[:1] ^ 1))
    ends = np.append(begins[1:], len(words))[: len(begins)]  # none where all tracks are too short
    hits: Counter[tuple[int, int, int]] = Counter()
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if not 1 < end - begin <= _COMMONEST:
            continue
        where = list(zip(tracks[begin:end].tolist(), frames[begin:end].tolist(), strict=True))
        for n, (track, frame) in enumerate(where):
            for other, other_frame in where[n + 1 :]:
                if other != track:
                    hits[track, other, frame - other_frame] += 1
    best: dict[tuple[int, int], tuple[int, int]] = {}
    for (track, other, offset), count in hits.items():
        if count >= max(_MIN_HITS, best.get((track, other), (0, 0))[0] + 1):
            best[track, other] = count, offset
    for (track, other), (_, offset) in best.items():
        yield track, other, offset


def _words(prints: list[Fingerprint]) -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.int32]]:
    """All loud words with their tracks and frames; of a word that lasts, its first frame."""
    parts: list[tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.int32]]] = []
    for track, one in enumerate(prints):
        new = one.loud & (np.diff(one.words, prepend=one.words[:1] ^ 1) != 0)
        frames = np.flatnonzero(new).astype(np.int32)
        parts.append((one.words[frames], np.full(len(frames), track, np.int32), frames))
    words, tracks, frames = (np.concatenate(column) for column in zip(*parts, strict=True))
    return words, tracks, frames


def _bit_errors(one: Fingerprint, other: Fingerprint, offset: int) -> tuple[float, int] | None:
    """Share of bits that differ where both are loud, and how many frames those are; None if they are few."""
    begin, end = max(0, offset), min(len(one.words), len(other.words) + offset)
    both = one.loud[begin:end] & other.loud[begin - offset : end - offset]
    frames = int(both.sum())
    shorter = min(int(one.loud.sum()), int(other.loud.sum()))
    if frames < max(_MIN_FRAMES, min(MIN_OVERLAP_S / HOP_S, _MOST_OF_IT * shorter)):
        return None
    differing = np.bitwise_xor(one.words[begin:end], other.words[begin - offset : end - offset])[both]
    return float(np.bitwise_count(differing).sum() / (32 * frames)), frames
