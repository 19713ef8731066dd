"""Reload exported models and compare them with their examples: run in a fresh process by `parity.measure`.

`python -m tunebench.export.verify FOLDER...` prints one JSON object a folder, for each model in it the
largest absolute difference of probabilities, `alone` (batch of one) and in a `batch`, and the share of the
examples whose most probable class is the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from tunebench.export import forms, layout
from tunebench.export.layout import EXAMPLE, FEATURES, PROBABILITIES, WAVEFORM


def differences(folder: Path) -> dict[str, dict[str, float]]:
    """Of each model in `folder`, the largest difference to the example's probabilities."""
    with np.load(folder / EXAMPLE, allow_pickle=False) as stored:
        inputs, expected = stored[FEATURES if FEATURES in stored else WAVEFORM], stored[PROBABILITIES]
    bundle = layout.read(folder)
    found: dict[str, dict[str, float]] = {}
    for form in forms.held(bundle):
        ask = forms.load(bundle, form=form.name).ask
        alone = np.concatenate([ask(one[None]) for one in inputs])
        together = ask(inputs)
        found[form.name] = {
            "alone": float(np.abs(alone - expected).max()),
            "batch": float(np.abs(together - expected).max()),
            "agreement": float(np.mean(together.argmax(axis=1) == expected.argmax(axis=1))),
        }
    return found


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(json.dumps(differences(Path(argument))), flush=True)
