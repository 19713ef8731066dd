"""The sides of a split as batches of what a configuration begins with."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunebench.catalog.feasibility import source_of
from tunebench.catalog.spec import Source, Values
from tunebench.frontends.vectors import Scaling
from tunebench.training.data import TrainingData
from tunebench.training.pipeline import Batches


class Sides:
    """Batches of any segments; those of the training and the validation side are made once a source."""

    def __init__(self, data: TrainingData, batch_size: int) -> None:
        self.data, self.batch_size = data, batch_size
        self._made: dict[tuple[str, Source], Batches] = {}

    def train(self, values: Values) -> Batches:
        """The training side."""
        return self._kept("train", self.data.split.train, source_of(values))

    def validation(self, values: Values) -> Batches:
        """The validation side."""
        return self._kept("validation", self.data.split.validation, source_of(values))

    def of(self, values: Values, indices: NDArray[np.integer]) -> Batches:
        """Any segments."""
        return Batches(self.data, indices, batch_size=self.batch_size, source=source_of(values))

    @cached_property
    def scaling(self) -> Scaling | None:
        """Statistics of the training side's feature vectors, where the corpus has any."""
        features = self.data.features
        return None if features is None else Scaling.fit(features.values[self.data.split.train])

    def _kept(self, side: str, indices: NDArray[np.integer], source: Source) -> Batches:
        key = side, source
        if key not in self._made:
            self._made[key] = Batches(self.data, indices, batch_size=self.batch_size, source=source)
        return self._made[key]
