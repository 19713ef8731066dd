"""An estimator with what has to be fitted before it, and what it says."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tunebench.catalog.estimators import ESTIMATORS
from tunebench.catalog.spec import Parameters, load_builder


def build(name: str, params: Parameters, seed: int) -> Pipeline:
    """The estimator of a catalog row behind the training data's medians, means and deviations.

    What is missing (NaN) becomes the median of its column; a column without any value becomes 0.
    """
    estimator = load_builder(ESTIMATORS[name].builder)(params, seed)
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), estimator
    )


def probabilities(fitted: Pipeline, inputs: NDArray[np.floating], classes: int) -> NDArray[np.float32]:
    """What a fitted pipeline says of `inputs` `(examples, columns)`: `(examples, classes)`, rows of sum 1.

    Classes that it has not seen are 0. Where it has margins alone, they are their softmax.
    """
    said: Any
    if hasattr(fitted, "predict_proba"):
        said = fitted.predict_proba(inputs)
    else:
        margins = fitted.decision_function(inputs)
        if margins.ndim == 1:  # of two classes, the second's
            said = np.stack([expit(-margins), expit(margins)], axis=1)
        else:
            said = softmax(margins, axis=1)
    found = np.zeros((len(inputs), classes), np.float32)
    found[:, np.asarray(fitted.classes_, int)] = said
    return found


def size(fitted: Pipeline) -> tuple[int, float]:
    """How many numbers (or tree nodes) a fitted pipeline holds, and their megabytes of 10^6 bytes."""
    counter = _ArrayCounter(io.BytesIO(), protocol=5)
    counter.dump(fitted)
    return counter.values, counter.nbytes / 1e6


class _ArrayCounter(pickle.Pickler):
    """Walks an object as pickling would, and counts its arrays."""

    values = 0
    nbytes = 0

    def reducer_override(self, obj: Any) -> Any:
        """Count, and go on as usual."""
        if isinstance(obj, np.ndarray):
            self.values += obj.size
            self.nbytes += obj.nbytes
        return NotImplemented
