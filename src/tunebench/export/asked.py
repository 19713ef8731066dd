"""An exported model as functions of waveforms, whatever kind it is."""

from __future__ import annotations

import numpy as np

from tunebench.errors import InputError
from tunebench.export import forms
from tunebench.export.forms import Asked, Model
from tunebench.export.layout import Bundle

__all__ = ["Asked", "Model", "load_model"]


def load_model(bundle: Bundle, *, form: str | None = None, threads: int | None = None) -> Model:
    """A bundle's model: windows `(n, samples)` float32 in [-1, 1] to probabilities `(n, classes)`.

    Args:
        bundle: that holds it.
        form: a name of `forms.FORMS`; None takes the one that starts quickest.
        threads: of its runtime; None leaves it its own choice.

    Raises:
        InputError: it holds no model that can be read, or was trained on a table and knows no audio.
    """
    if bundle.input == "table":
        raise InputError(
            f"{bundle.folder}: was trained on the columns of a table, and not on audio. Train with "
            "spectrogram: features on the audio itself to classify recordings"
        )
    model = forms.load(bundle, form=form, threads=threads)
    if bundle.input == "waveform":
        return model
    from tunebench.features.extract import summary_features

    rate_hz, ask = bundle.sample_rate_hz, model.ask
    return Model(
        lambda windows: ask(
            np.stack([summary_features(window, rate_hz) for window in windows]).astype(np.float32)
        )
    )
