"""Early stopping and learning rate reduction as small states that a checkpoint can hold.

Both watch the validation loss, as Keras's callbacks of the same names do by default.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Patience:
    """Counts epochs without an improvement of more than `min_delta`; `observe` tells when it is used up."""

    patience: int
    min_delta: float = 0.0
    best: float = float("inf")
    waited: int = 0

    def observe(self, loss: float) -> bool:
        """Take one epoch's loss; True if it is the `patience`-th in a row without improvement."""
        if loss < self.best - self.min_delta:
            self.best, self.waited = loss, 0
            return False
        self.waited += 1
        return self.waited >= self.patience


@dataclass(slots=True)
class Plateau:
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement."""

    watch: Patience
    factor: float
    minimum: float

    def observe(self, loss: float, learning_rate: float) -> float:
        """Take one epoch's loss and learning rate, and return the next epoch's learning rate."""
        if not self.watch.observe(loss):
            return learning_rate
        self.watch.waited = 0
        return max(learning_rate * self.factor, min(self.minimum, learning_rate))
