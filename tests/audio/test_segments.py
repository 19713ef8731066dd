from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audio.sounds import paper_corpus

from tunebench.audio.segments import segment, segment_starts
from tunebench.audio.track import Track
from tunebench.errors import DataError
from tunebench.space.sections import SegmentSection


@pytest.mark.parametrize(
    ("samples", "hop", "starts"),
    [
        (1, 100, [0]),  # shorter: one, padded
        (100, 100, [0]),
        (149, 100, [0]),  # a tail under half is dropped
        (150, 100, [0, 100]),  # half is kept
        (200, 100, [0, 100]),
        (149, 50, [0, 50]),
        (150, 50, [0, 50]),  # overlapping: the tail would hold nothing new
        (170, 50, [0, 50, 100]),
        (100, 10, [0]),
        (250, 200, [0, 200]),  # with gaps
        (249, 200, [0]),
        (399, 300, [0, 300]),
    ],
)
def test_starts(samples, hop, starts):
    assert list(segment_starts(samples, 100, hop)) == starts


@given(st.integers(1, 2000), st.integers(1, 300), st.integers(1, 400))
def test_every_segment_but_the_only_one_is_half_full(samples, length, hop):
    starts = list(segment_starts(samples, length, hop))
    assert starts[0] == 0
    assert all(b - a == hop for a, b in pairwise(starts))
    if len(starts) > 1:
        assert 2 * (samples - starts[-1]) >= length
    uncovered = samples - (starts[-1] + length)
    assert uncovered < max(hop, length)


def test_arrays():
    corpus = paper_corpus([Track("b", "y"), Track("a", "x")], samples=40_000)
    segments = segment(corpus, SegmentSection(seconds=1.0, hop=1.0))
    assert len(segments) == 6
    assert segments.length == 16_000
    assert segments.track.tolist() == [0, 0, 0, 1, 1, 1]
    assert segments.start.tolist() == [0, 16_000, 32_000] * 2
    assert segments.label.tolist() == [1, 1, 1, 0, 0, 0]
    assert (segments.track.dtype, segments.start.dtype, segments.label.dtype) == (
        np.int32,
        np.int64,
        np.int32,
    )


def test_hop_defaults_to_the_length():
    corpus = paper_corpus([Track("a", "x"), Track("b", "y")], samples=32_000)
    assert len(segment(corpus, SegmentSection(seconds=1.0))) == 4


def test_segment_of_less_than_a_sample():
    corpus = paper_corpus([Track("a", "x")])
    with pytest.raises(DataError, match=r"data\.segment: .*a sample or more, at 16000 Hz"):
        segment(corpus, SegmentSection(seconds=1e-6))
