"""Brackets and rungs before anything is run (Li et al. 2018, as Keras Tuner rounds it; 2020 for asha)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunebench.space import SearchSection


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


def planned(search: SearchSection) -> list[Rung]:
    """The rungs of a search with hyperband, or with asha, which spends as many epochs if not told."""
    epochs = {"max_epochs": search.max_epochs, "min_epochs": search.min_epochs, "factor": search.factor}
    hyperband = rungs(**epochs, iterations=search.iterations)
    if search.algorithm == "hyperband":
        return hyperband
    if search.max_trials is not None:
        return asha_rungs(**epochs, configurations=search.max_trials)
    many = 10**6
    each = sum(rung.epochs for rung in asha_rungs(**epochs, configurations=many)) / many
    configurations = max(search.factor, int(sum(rung.epochs for rung in hyperband) / each))
    return asha_rungs(**epochs, configurations=configurations)
