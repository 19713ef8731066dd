"""The parity gate: exported is what gives the trained model's probabilities in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tunebench.errors import SearchError
from tunebench.export.forms import FORMS

Differences = Mapping[str, Mapping[str, float]]
"""By form: the largest difference of a probability, `alone` and in a `batch`; the share of equal classes."""

TOLERANCE: Mapping[str, float] = {"float32": 1e-4, "mixed_float16": 2e-2, "mixed_bfloat16": 1e-1}
"""Largest difference allowed, by the precision of training; what is served is always float32."""

TOLERANCE_OF_VECTORS = 1e-6
"""Of estimators on feature vectors, which nothing computes anew."""

TOLERANCE_OF_STEPS = 5e-2
"""Of estimators behind a front-end: a rounding there may turn a tree's branch, or change a neighbour."""

TOLERANCE_ACROSS_DEVICES = 1e-3
"""At least this is allowed where a GPU gave the trained model's probabilities: the fresh process has none."""

_TIMEOUT_S = 900.0


class ParityError(SearchError):
    """An exported model does not give what the trained model gave, or cannot be reloaded at all."""


def measure(folders: Sequence[Path]) -> list[Differences]:
    """Reload all models in each folder, in one fresh process on the CPU, and compare with its example.

    Raises:
        ParityError: a model cannot be reloaded; the message holds what the process said last.
    """
    arguments = [str(folder.resolve()) for folder in folders]
    command = [sys.executable, "-m", "tunebench.export.verify", *arguments]
    # The GPU's memory belongs to this process
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines()[-1:] or ["nothing"]
        raise ParityError(
            "The exported model cannot be reloaded in a fresh process, so it is not called exported "
            f"(exit code {error.returncode}; it said: {said[0]}). Export it again from the search."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ParityError(
            f"Reloading the exported model took over {_TIMEOUT_S:g} s, so it is not called exported. "
            "Try again when the machine is less busy."
        ) from error
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def check(differences: Differences, tolerance: float, folder: Path) -> None:
    """Let pass what is within the tolerance.

    Raises:
        ParityError: a difference is larger, or not a number, or no model was there to compare.
    """
    figures = [
        f"{form} {way} {ways[way]:.3g} of {tolerance_of(form, tolerance):g}"
        for form, ways in differences.items()
        for way in ("alone", "batch")
    ]
    within = all(
        ways[way] <= tolerance_of(form, tolerance)
        for form, ways in differences.items()
        for way in ("alone", "batch")
    )
    if not figures or not within:
        raise ParityError(
            f"{folder}: the reloaded model is not the trained one. Rule: the examples' probabilities within "
            f"the tolerance. Received differences: {', '.join(figures) or 'none, no model is there'}. "
            "It is not exported; export it again from the search, and report this if it persists."
        )


def tolerance_of(form: str, tolerance: float) -> float:
    """What a form may differ by: the model's own `tolerance`, or the form's where that is larger."""
    return max(tolerance, FORMS[form].tolerance if form in FORMS else 0.0)
