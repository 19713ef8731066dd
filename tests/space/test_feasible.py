"""Draws that can be built, and spaces in which nothing can."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tunebench.catalog.feasibility import reasons
from tunebench.catalog.spec import Signal
from tunebench.errors import SpaceError
from tunebench.space import check_feasible, draw_feasible, feasible_share

SIGNAL = Signal(16_000, 80_000)


def space_of(load_text: Callable, short: str, spectrogram: str, *overrides: str) -> object:
    return load_text(short.replace("mel", f"{{choice: {{{spectrogram}}}}}"), *overrides).space


def test_infeasible_draws_are_passed_over_and_counted(load_text: Callable, short: str) -> None:
    space = space_of(
        load_text, short, "stft: {n_fft: {choice: [512, 2048]}, hop_length: {choice: [256, 1024]}}"
    )
    rng = np.random.default_rng(0)
    draws = [draw_feasible(space, rng, SIGNAL) for _ in range(200)]
    assert all(space.contains(values) and not reasons(values, SIGNAL) for values in draws)
    share = feasible_share(space, SIGNAL, rng, 400)
    assert share.draws == 400
    assert 60 < share.infeasible < 140
    assert share.reasons == {
        "stft: hop_length 1024 is larger than n_fft 512, so samples between frames are lost": share.infeasible
    }


def test_a_space_with_nothing_feasible_is_an_error_that_says_why(load_text: Callable, short: str) -> None:
    space = space_of(load_text, short, "mel: {n_fft: 512, n_mels: {choice: [256, 300]}}, mfcc: {n_mfcc: 200}")
    for ask, count in (
        (lambda: draw_feasible(space, np.random.default_rng(0), SIGNAL), "10,000 points drawn"),
        (lambda: check_feasible(space, SIGNAL), "the 3 combinations"),
    ):
        with pytest.raises(SpaceError) as error:
            ask()
        text = str(error.value)
        assert text.startswith(f"none of {count} of the space can be built on these segments:\n  ")
        assert "n_mfcc 200 is larger than n_mels 128" in text
        assert "of 256 mel bands are empty at n_fft 512" in text


def test_one_point_among_many_is_found(load_text: Callable, short: str) -> None:
    space = space_of(load_text, short, "stft: {n_fft: 16, hop_length: {int: [16, 3000]}}")
    check_feasible(space, SIGNAL)
    assert draw_feasible(space, np.random.default_rng(0), SIGNAL)["spectrogram.stft.hop_length"] == 16


def test_a_continuous_space_is_decided_by_draws(load_text: Callable, short: str) -> None:
    space = space_of(load_text, short, "mel: {fmin: {float: [9000, 10000]}}")
    with pytest.raises(SpaceError, match="none of 10,000 points drawn of the space can be built"):
        check_feasible(space, SIGNAL)
    check_feasible(space_of(load_text, short, "mel: {fmin: {float: [0, 10000]}}"), SIGNAL)


def test_backbone_too_large_for_the_image(load_text: Callable, short: str) -> None:
    space = load_text(short.replace("cnn", "xception"), "space.image_size={choice: [32, 64]}").space
    with pytest.raises(SpaceError, match="xception: an image of 64 x 64 is below its smallest side, 71"):
        check_feasible(space, SIGNAL)
