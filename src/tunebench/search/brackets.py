"""Hyperband's brackets and rungs, before anything is run (Li et al. 2018, as Keras Tuner rounds it)."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rung:
    """`size` trials of one rung, each trained from `epochs_from` to `epochs_to`."""

    bracket: int
    rung: int
    size: int
    epochs_from: int
    epochs_to: int

    @property
    def epochs(self) -> int:
        """Epochs that the rung costs."""
        return self.size * (self.epochs_to - self.epochs_from)


def rungs(*, max_epochs: int, factor: int, min_epochs: int = 1, iterations: int = 1) -> list[Rung]:
    """All rungs in the order they are run in, the most aggressive bracket first.

    No rung is shorter than `min_epochs`: brackets that would begin below it are left out.
    """
    brackets, epochs = 0, float(max_epochs)
    while epochs >= min_epochs:
        epochs /= factor
        brackets += 1
    table: list[Rung] = []
    for bracket in reversed(range(brackets)):
        end_size = math.ceil(1 + math.log(max_epochs, factor)) / (bracket + 1)
        reached = 0
        for rung in range(bracket + 1):
            epochs_to = math.ceil(max_epochs / factor ** (bracket - rung))
            size = math.ceil(end_size * factor ** (bracket - rung))
            table.append(Rung(bracket, rung, size, reached, epochs_to))
            reached = epochs_to
    return table * iterations


def asha_rungs(*, max_epochs: int, factor: int, min_epochs: int = 1, configurations: int) -> list[Rung]:
    """The rungs of asynchronous successive halving over so many configurations."""
    sizes, epochs = [configurations], [max_epochs]
    while max_epochs / factor ** len(epochs) >= min_epochs:
        epochs.append(math.ceil(max_epochs / factor ** len(epochs)))
    while len(sizes) < len(epochs):
        sizes.append(sizes[-1] // factor)
    reached = [0, *reversed(epochs)]
    return [
        Rung(0, number, size, before, after)
        for number, (size, before, after) in enumerate(zip(sizes, reached, reached[1:], strict=False))
    ]


def asha_configurations(*, max_epochs: int, factor: int, min_epochs: int = 1, iterations: int = 1) -> int:
    """Configurations with which asynchronous halving costs about as many epochs as Hyperband."""
    common = {"max_epochs": max_epochs, "factor": factor, "min_epochs": min_epochs}
    budget = sum(rung.epochs for rung in rungs(**common, iterations=iterations))
    many = 10**6
    return max(
        factor, budget * many // sum(rung.epochs for rung in asha_rungs(**common, configurations=many))
    )
