"""Early stopping and learning rate reduction as small states that a checkpoint can hold.

Both watch the validation loss, as Keras's callbacks of the same names do by default.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunebench.space.sections import TrainingSection


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


class Schedules:
    """Early stopping and plateau of one configuration, as the training section asks for them."""

    def __init__(self, training: TrainingSection, state: dict[str, Any]) -> None:
        stopping, plateau = training.early_stopping, training.reduce_lr_on_plateau
        self._stopping = (
            Patience(
                **state.get("stopping", {"patience": stopping.patience, "min_delta": stopping.min_delta})
            )
            if stopping
            else None
        )
        self._plateau = (
            Plateau(
                Patience(**state.get("plateau", {"patience": plateau.patience})),
                plateau.factor,
                plateau.minimum,
            )
            if plateau
            else None
        )

    def observe(self, val_loss: float, learning_rate: float) -> tuple[float, bool]:
        """After an epoch: the next learning rate, and whether to stop."""
        if self._plateau:
            learning_rate = self._plateau.observe(val_loss, learning_rate)
        return learning_rate, self._stopping.observe(val_loss) if self._stopping else False

    def state(self) -> dict[str, Any]:
        """For the checkpoint."""
        state = {"stopping": asdict(self._stopping)} if self._stopping else {}
        return state | ({"plateau": asdict(self._plateau.watch)} if self._plateau else {})
