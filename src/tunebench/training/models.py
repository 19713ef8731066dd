"""What has been trained, ready to be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebench.estimators import probabilities
from tunebench.training.classifier import Classifier
from tunebench.training.frontend import FrontendStep
from tunebench.training.pipeline import Batches

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class NetModel:
    """A net behind its front-end. It is the pool's: the next trial of its structure takes it over."""

    classifier: Classifier
    frontend: FrontendStep

    def predict(self, side: Batches) -> NDArray[np.float32]:
        """Probabilities `(segments, classes)` by the compiled steps of training."""
        return self.classifier.predict(self.frontend, side.in_order(), len(side.indices))


@dataclass(frozen=True, slots=True)
class EstimatorModel:
    """A fitted estimator behind the front-end of waveforms, or on feature vectors as they are."""

    fitted: Pipeline
    frontend: FrontendStep | None
    classes: int

    def predict(self, side: Batches) -> NDArray[np.float32]:
        """Probabilities `(segments, classes)` by scikit-learn."""
        return probabilities(self.fitted, columns(side, self.frontend), self.classes)


def columns(side: Batches, frontend: FrontendStep | None) -> NDArray[np.float32]:
    """A side as an estimator receives it: `(segments, columns)`, what a front-end makes laid out in a row."""
    if frontend is None:
        return side.data.read(side.indices, side.source).astype(np.float32, copy=False)
    rows = [frontend(waveforms).numpy().reshape(side.batch_size, -1) for waveforms, _ in side.in_order()]
    return np.concatenate(rows)[: len(side.indices)]
