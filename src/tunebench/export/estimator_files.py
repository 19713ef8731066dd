"""Fitted estimators on disk: a skops file, which runs no code when read, and the front-end before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import skops.io
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.errors import InputError
from tunebench.estimators import probabilities
from tunebench.export.graph_check import check_graph
from tunebench.export.layout import ESTIMATOR, FRONTEND
from tunebench.metrics.calibration import at_temperature

TRUSTED = (
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
"""Beside what skops knows as harmless: arrays of a forest's nodes, and the dtype that an imputer saw."""

Asked = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def save_estimator(folder: Path, fitted: Any, frontend: keras.Layer | None, samples: int) -> None:
    """Write a fitted pipeline, and the front-end that makes its columns of waveforms where there is one."""
    skops.io.dump(fitted, folder / ESTIMATOR)
    if frontend is None:
        return
    archive: Any = keras.export.ExportArchive()  # typed for all of Keras's backends at once
    archive.track(frontend)
    archive.add_endpoint(
        "serve",
        lambda waveform: tf.reshape(frontend(waveform), [tf.shape(waveform)[0], -1]),
        input_signature=[tf.TensorSpec((None, samples), tf.float32)],
    )
    archive.write_out(str(folder / FRONTEND), verbose=False)


def load_estimator(folder: Path, classes: int, temperature: float = 1.0) -> Asked:
    """A bundle's estimator: inputs `(n, samples)` or `(n, columns)` float32 to probabilities `(n, classes)`.

    They are taken at a temperature.

    Raises:
        InputError: the file holds anything but scikit-learn's and NumPy's own types.
    """
    file = folder / ESTIMATOR
    foreign = sorted({*skops.io.get_untrusted_types(file=file)} - {*TRUSTED})
    if foreign:
        raise InputError(
            f"{file}: holds {', '.join(foreign[:3])}, which tunebench never writes; it is not read"
        )
    fitted = skops.io.load(file, trusted=TRUSTED)
    before: Any = None
    if (folder / FRONTEND).exists():
        check_graph(folder / FRONTEND)
        before = tf.saved_model.load(str(folder / FRONTEND))

    def ask(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        columns = inputs if before is None else before.serve(tf.constant(inputs)).numpy()
        said = probabilities(fitted, columns, classes)
        return said if temperature == 1.0 else at_temperature(said, temperature)

    return ask
