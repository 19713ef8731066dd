"""What a service remembers of what it heard."""

from __future__ import annotations

import numpy as np
import pytest

from tunebench.errors import InputError
from tunebench.metrics.drift import reference
from tunebench.serving.drift import RECENT, RecentWindows

WAVEFORMS = np.random.default_rng(3).normal(0.0, 0.1, (200, 400)).astype(np.float32)
PROBABILITIES = np.tile(np.float32([0.8, 0.2]), (200, 1))


def test_last_windows_are_remembered():
    recent = RecentWindows(reference(WAVEFORMS, PROBABILITIES), ("a", "b"))
    assert not recent.enough
    for _ in range(8):
        recent.add(WAVEFORMS, PROBABILITIES)
    assert recent.enough
    assert recent.seen == 1_600
    assert len(recent._bins) == RECENT
    assert not any(row.drifted for row in recent.statistics())


def test_reference_of_other_bins_is_refused():
    of_two = reference(WAVEFORMS, PROBABILITIES)
    with pytest.raises(InputError, match="other bins"):
        RecentWindows(of_two, ("a", "b", "c"))
    with pytest.raises(InputError, match="other bins"):
        RecentWindows({name: of_two[name] for name in of_two if name != "class"}, ("a", "b"))


def test_without_a_reference_nothing_is_compared():
    recent = RecentWindows({}, ("a", "b"))
    recent.add(WAVEFORMS, PROBABILITIES)
    assert recent.statistics() == []
    assert not recent.enough
