"""What an exported form of a net takes, measured on the form itself, before anything is trained."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from numpy.typing import NDArray

from tunebench.audio.pcm import FULL_SCALE
from tunebench.catalog.feasibility import source_of
from tunebench.catalog.spec import Signal, Values
from tunebench.export import forms
from tunebench.export.card import size_bytes
from tunebench.export.converters import convert
from tunebench.export.layout import Bundle
from tunebench.export.serving_model import compose, save_keras, save_savedmodel
from tunebench.training.classifier import Classifier

_CALLS = 7
THREADS = 1
"""Of the runtime: what one core of this machine takes."""


def measure(
    classifier: Classifier,
    frontend: keras.Layer,
    *,
    values: Values,
    signal: Signal,
    classes: Sequence[str],
    form: str,
    segments: NDArray[np.int16],
) -> dict[str, float]:
    """Export a net with its present weights, load it in its own runtime, and time it.

    Args:
        classifier: of the net.
        frontend: that it stands behind.
        values: the configuration.
        signal: what the front-end takes.
        classes: names, as many as the net has scores.
        form: a name of `forms.FORMS`.
        segments: `(n, samples)`; int8 is calibrated on them, and the first one is timed.

    Returns:
        `latency_ms`, the median from one waveform to its probabilities on one core, and `size_mb`, that of
        the exported file or folder (10^6 bytes).

    Raises:
        SearchError: it cannot be converted.
        InputError: it cannot be loaded.
    """
    waveforms = (segments / FULL_SCALE).astype(np.float32)
    with TemporaryDirectory() as folder:
        bundle = Bundle(
            folder=Path(folder), classes=tuple(classes), sample_rate_hz=signal.sample_rate_hz,
            segment_samples=signal.samples, hop_samples=signal.samples, values=values, structure={},
            parity={}, versions={}, info={}, input=source_of(values),
        )  # fmt: skip
        served = compose(classifier, frontend, signal.samples)
        save_keras(served, bundle.keras)
        save_savedmodel(served, bundle.savedmodel, bundle)
        path = bundle.folder / forms.FORMS[form].file
        if not path.exists():
            convert(bundle, form, path, waveforms)
        return time_form(bundle, form, waveforms[:1])


def time_form(bundle: Bundle, form: str, segment: NDArray[np.float32]) -> dict[str, float]:
    """Latency and size of a form in a bundle, asked about one `segment` `(1, samples)`; see `measure`."""
    ask = forms.load(bundle, form=form, threads=THREADS).ask
    ask(segment)
    taken = []
    for _ in range(_CALLS):
        begun = time.perf_counter()
        ask(segment)
        taken.append(time.perf_counter() - begun)
    size = size_bytes(bundle.folder / forms.FORMS[form].file)
    return {"latency_ms": 1000 * statistics.median(taken), "size_mb": size / 1e6}
