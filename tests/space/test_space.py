"""Parameters and the space: draws, membership, counting, enumeration."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tunebench.space import Space
from tunebench.space.parameters import Choice, Fixed, FloatRange, IntRange

NESTED = Space(
    {
        "spectrogram": Choice(
            ("mel", "stft"),
            {
                "mel": {
                    "n_mels": IntRange(8, 24, 8),
                    "scale": Choice(("a", "b"), {"b": {"deep": Choice((1, 2, 3))}}),
                },
                "stft": {"n_fft": Choice((64, 128))},
            },
        ),
        "mixed": Choice(("all", 3, None)),
    }
)


def test_count_and_points_agree() -> None:
    points = list(NESTED.points())
    assert NESTED.count() == len(points) == (3 * (1 + 3) + 2) * 3
    assert all(NESTED.contains(point) for point in points)
    assert len({tuple(sorted(point.items(), key=str)) for point in points}) == len(points)


def test_draws_reach_every_point_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    drawn = {tuple(NESTED.sample(rng).items()) for _ in range(2000)}
    assert drawn == {tuple(point.items()) for point in NESTED.points()}


def test_draws_repeat_with_the_seed() -> None:
    space = Space(
        {**NESTED.parameters, "rate": FloatRange(1e-5, 1e-2, log=True), "size": IntRange(1, 100, log=True)}
    )
    first, second = ([space.sample(rng) for _ in range(20)] for rng in map(np.random.default_rng, (3, 3)))
    assert first == second


def test_order_of_values_is_the_order_of_parameters() -> None:
    assert list(NESTED.choose(lambda _, parameter: parameter.values()[-1])) == [
        "spectrogram", "spectrogram.stft.n_fft", "mixed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "belongs"),
    [
        ({}, True),
        ({"spectrogram.stft.n_fft": 65}, False),
        ({"spectrogram.stft.n_fft": 64.0}, False),
        ({"spectrogram.mel.n_mels": 8}, False),
        ({"spectrogram": "mfcc"}, False),
        ({"mixed": None}, True),
        ({"mixed": "3"}, False),
        ({"mixed": True}, False),
        ({"extra": 1}, False),
    ],
)
def test_contains(change: dict[str, object], belongs: bool) -> None:
    values = {"spectrogram": "stft", "spectrogram.stft.n_fft": 64, "mixed": "all", **change}
    assert NESTED.contains(values) is belongs


def test_contains_needs_every_active_parameter() -> None:
    assert not NESTED.contains({"spectrogram": "stft", "mixed": "all"})
    assert not NESTED.contains({})


def test_a_continuous_space_has_no_list_of_points_but_a_grid() -> None:
    space = Space(
        {
            "rate": FloatRange(1e-4, 1e-1, log=True),
            "drop": FloatRange(0.0, 0.5),
            "n": IntRange(1, 1000, log=True),
        }
    )
    assert space.count() is None
    with pytest.raises(ValueError, match="no list of points"):
        space.points()
    grid = list(space.grid(4))
    assert len(grid) == 4**3
    assert {round(math.log10(point["rate"]), 6) for point in grid} == {-4, -3, -2, -1}
    assert {point["n"] for point in grid} == {1, 10, 100, 1000}
    assert all(space.contains(point) for point in grid)


def test_tuned_names_what_has_alternatives() -> None:
    space = Space(
        {
            "a": Fixed(1),
            "b": Choice((1,)),
            "c": Choice((1, 2)),
            "d": IntRange(3, 3),
            "e": FloatRange(0.0, 1.0),
        }
    )
    assert space.tuned() == ("c", "e")
    assert NESTED.tuned()[:3] == ("spectrogram", "spectrogram.mel.n_mels", "spectrogram.mel.scale")


def test_int_range_steps() -> None:
    stepped = IntRange(13, 40, 10)
    assert list(stepped.values()) == list(stepped.grid(3)) == [13, 23, 33]
    assert not stepped.contains(40)
    assert not stepped.contains(True)
    assert {stepped.sample(np.random.default_rng(n)) for n in range(50)} == {13, 23, 33}


@pytest.mark.parametrize("parameter", [IntRange(1, 1024, log=True), FloatRange(1.0, 1024.0, log=True)])
def test_logarithmic_draws_halve_at_the_geometric_mean(parameter: IntRange | FloatRange) -> None:
    rng = np.random.default_rng(1)
    below = sum(parameter.sample(rng) < 32 for _ in range(4000)) / 4000
    assert below == pytest.approx(0.5, abs=0.03)


def test_bounds_of_logarithmic_whole_numbers_are_reached() -> None:
    rng = np.random.default_rng(1)
    assert {IntRange(1, 3, log=True).sample(rng) for _ in range(200)} == {1, 2, 3}
