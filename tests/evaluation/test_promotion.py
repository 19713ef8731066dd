"""Whether a challenger takes the champion's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tunebench.evaluation.predictions import Predictions, TrackPrediction
from tunebench.evaluation.promotion import Contender, decide


def contender(name: str, right: Sequence[bool], *, side: str = "test", digest: str = "5b1a") -> Contender:
    """A model that is right on these tracks, each a group of its own."""
    tracks = [
        TrackPrediction(side, f"{n:03}.wav", "", "a", np.array([0.9, 0.1] if hit else [0.2, 0.8]))
        for n, hit in enumerate(right)
    ]
    return Contender(name, digest, "c0de", Predictions(("a", "b"), tuple(tracks)))


CHAMPION = contender("version 1", [True] * 70 + [False] * 30)


@pytest.mark.parametrize(
    ("right", "better", "said"),
    [
        ([True] * 90 + [False] * 10, True, "lies above 0"),
        ([True] * 71 + [False] * 29, False, "does not lie above 0: these tracks do not tell which is better"),
        ([True] * 70 + [False] * 30, False, "these tracks do not tell which is better"),
        ([True] * 50 + [False] * 50, False, "lies below 0"),
    ],
    ids=["better", "a little better", "the same", "worse"],
)
def test_moves_only_where_the_interval_lies_above_0(right: list[bool], better: bool, said: str) -> None:
    decision = decide(contender("version 2", right), CHAMPION)
    assert decision.better is better
    assert decision.reason.endswith(said)
    assert f"{sum(right) / 100:.3f}, version 1 has 0.700" in decision.reason
    assert decision.comparison is not None
    assert decision.better == (decision.comparison.difference.low > 0)
    assert decision.comparison.accuracy_b == 0.7


def test_a_champion_that_is_better_holds_the_alias_both_ways() -> None:
    stronger = contender("version 2", [True] * 90 + [False] * 10)
    assert decide(stronger, CHAMPION).better
    assert not decide(CHAMPION, stronger).better


def test_a_leak_is_named_with_the_figures() -> None:
    leaky = replace(contender("version 2", [True] * 90 + [False] * 10), leakage="group")
    assert decide(leaky, CHAMPION).reason.endswith("lies above 0 (leaky: the sides share groups)")


GOOD = contender("version 2", [True] * 100)


@pytest.mark.parametrize(
    ("challenger", "champion", "said"),
    [
        (
            replace(GOOD, test_side="f00d", split_hash="beef"),
            CHAMPION,
            "version 2 on beef and version 1 on c0de",
        ),
        (replace(GOOD, test_side="f00d"), CHAMPION, "tested on other audio under the same split"),
        (
            contender("version 2", [True] * 100, side="validation"),
            CHAMPION,
            "version 2 has no test side, and",
        ),
        (GOOD, contender("version 1", [False] * 100, side="validation"), "version 1 has no test side, and"),
        (replace(GOOD, predictions=None), CHAMPION, "version 2 cannot be compared: no predictions"),
        (
            GOOD,
            replace(CHAMPION, predictions=None, missing="its file is gone"),
            "version 1 cannot be compared: its file is gone",
        ),
        (contender("version 2", [True] * 99), CHAMPION, "1 are on one test side alone"),
    ],
)
def test_what_cannot_be_compared_is_not_better(challenger: Contender, champion: Contender, said: str) -> None:
    decision = decide(challenger, champion)
    assert not decision.better
    assert decision.comparison is None
    assert said in decision.reason
