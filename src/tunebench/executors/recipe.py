"""What a process needs to run trials: plain data that crosses to it once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunebench.training.data import TrainingData
from tunebench.training.pool import Pool, memory_for
from tunebench.training.trainer import Trainer

if TYPE_CHECKING:
    from tunebench.space.sections import TrainingSection


@dataclass(frozen=True, slots=True)
class Recipe:
    """The arguments of a `Trainer`. The audio itself stays in the store."""

    data: TrainingData
    training: TrainingSection
    objective: str
    max_epochs: int
    checkpoints: Path

    def trainer(self, *, processes: int = 1) -> Trainer:
        """A trainer of it in this process, one of so many on this machine."""
        pool = Pool(memory_bytes=memory_for(processes=processes))
        return Trainer(
            self.data, self.training, objective=self.objective, max_epochs=self.max_epochs,
            checkpoints=self.checkpoints, pool=pool,
        )  # fmt: skip
