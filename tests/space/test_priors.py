"""Priors: reading, draws around them, the space at them, and priors that cannot be built."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from tunebench.catalog.spec import Signal
from tunebench.errors import SpaceError
from tunebench.space import Space, check_feasible
from tunebench.space.parameters import Choice, Fixed, FloatRange, IntRange, Prior
from tunebench.space.priors import FAVOUR, at_priors, draw_around_priors, priors

SIGNAL = Signal(16_000, 80_000)
DRAWS = 4_000
SPACE = Space(
    {
        "row": Choice(
            ("mel", "stft"), {"mel": {"n": IntRange(0, 100, 10, prior=Prior(100))}, "stft": {"n": Fixed(1)}},
            Prior("mel"),
        ),
        "rate": FloatRange(1e-5, 1e-1, True, Prior(1e-3)),
        "width": IntRange(1, 1024, log=True, prior=Prior(32)),
        "drop": FloatRange(0.0, 0.5, prior=Prior(0.0)),
        "odd": Choice((None, 3, True), prior=Prior(None)),
        "free": FloatRange(0.0, 1.0),
    }
)  # fmt: skip


def drawn(path: str) -> list:
    rng = np.random.default_rng(1)
    draws = [draw_around_priors(SPACE, rng) for _ in range(DRAWS)]
    assert all(SPACE.contains(values) for values in draws)
    return [values[path] for values in draws if path in values]


def test_numbers_are_drawn_from_a_normal_of_a_quarter_of_the_range() -> None:
    """In the middle of the range 68.3% of a normal lie within a deviation, and 95.4% within the bounds."""
    decades = np.array([math.log10(rate) + 3 for rate in drawn("rate")])
    assert np.mean(np.abs(decades) < 1) == pytest.approx(0.683 / 0.954, abs=0.03)
    assert np.mean(decades) == pytest.approx(0, abs=0.05)
    assert np.mean([width < 32 for width in drawn("width")]) == pytest.approx(0.5, abs=0.03)


def test_at_a_bound_it_is_half_a_normal() -> None:
    drops = np.array(drawn("drop"))
    assert np.mean(drops < 0.125) == pytest.approx(0.683, abs=0.03)
    steps = Counter(drawn("row.mel.n"))
    assert steps[100] == max(steps.values())
    assert set(steps) <= set(range(0, 101, 10))


def test_a_preferred_option_is_so_much_likelier_than_another() -> None:
    rows, odd = Counter(drawn("row")), Counter(drawn("odd"))
    assert rows["mel"] / rows["stft"] == pytest.approx(FAVOUR, rel=0.15)
    assert odd[None] / odd[3] == pytest.approx(FAVOUR, rel=0.15)
    assert set(odd) == {None, 3, True}


def test_what_has_no_prior_is_drawn_by_chance() -> None:
    assert np.mean(drawn("free")) == pytest.approx(0.5, abs=0.03)


def test_the_space_at_its_priors() -> None:
    assert priors(SPACE) == {
        "row": "mel", "row.mel.n": 100, "rate": 1e-3, "width": 32, "drop": 0.0, "odd": None,
    }  # fmt: skip
    values = at_priors(SPACE).sample(np.random.default_rng(0))
    assert SPACE.contains(values)
    assert {path: value for path, value in values.items() if path != "free"} == priors(SPACE)


def test_a_range_of_one_number_is_that_number() -> None:
    space = Space({"a": FloatRange(2.0, 2.0, prior=Prior(2.0)), "b": IntRange(3, 3, prior=Prior(3))})
    assert draw_around_priors(space, np.random.default_rng(0)) == {"a": 2.0, "b": 3}


def test_priors_are_read_written_and_part_of_the_digest(load_text: Callable, example: str) -> None:
    text = example.replace("[0.0, 0.5]}", "[0.0, 0.5], prior: 0}").replace(
        "64, 128, 256]}", "64, 128], prior: 64}"
    )
    experiment = load_text(text.replace("  backbone:\n", "  backbone:\n    prior: mobilenetv2\n"))
    assert priors(experiment.space) == {"backbone": "mobilenetv2", "dropout": 0.0, "dense_units": 64}
    assert load_text(experiment.to_yaml()) == experiment
    assert experiment.digest() != load_text(experiment.to_yaml(), "space.dropout.prior=0.1").digest()


@pytest.mark.parametrize("algorithm", ["grid", "bayesian"])
def test_algorithms_that_look_by_themselves_take_no_prior(
    load_text: Callable, example: str, algorithm: str
) -> None:
    text = example.replace("algorithm: hyperband", f"algorithm: {algorithm}\n  max_trials: 9")
    with pytest.raises(SpaceError) as error:
        load_text(text, "space.dropout.prior=0.1", "space.spectrogram.choice.mfcc.n_mfcc.prior=20")
    assert (
        f"space.yaml:27:14: search.algorithm: cannot be {algorithm} where a parameter has a prior "
        "(spectrogram.mfcc.n_mfcc, dropout): it chooses by itself where it looks first"
    ) in str(error.value)


def test_a_prior_that_is_a_file(load_text: Callable, example: str, tmp_path) -> None:
    (tmp_path / "own.keras").write_bytes(b"")
    text = example.replace("[random, imagenet]}", "[random, own.keras], prior: own.keras}")
    assert list(priors(load_text(text).space).values()) == [str(tmp_path / "own.keras")]


def test_priors_that_cannot_be_built_are_an_error_that_says_why(load_text: Callable, short: str) -> None:
    text = short.replace(
        "mel", "{choice: {stft: {n_fft: {choice: [512, 2048], prior: 512}, "
        "hop_length: {choice: [256, 1024], prior: 1024}}, mel: {}}, prior: stft}",
    )  # fmt: skip
    with pytest.raises(SpaceError) as error:
        check_feasible(load_text(text).space, SIGNAL)
    assert str(error.value).startswith(
        "the priors (spectrogram stft, spectrogram.stft.n_fft 512, spectrogram.stft.hop_length 1024) do not "
        "go together: none of the 1 combinations of the space can be built on these segments:\n"
        "  1 times: stft: hop_length 1024 is larger than n_fft 512"
    )
    check_feasible(load_text(text.replace("prior: stft", "prior: mel")).space, SIGNAL)
