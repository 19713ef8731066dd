"""Taking a model out of a bundle, in the form that somebody else's program reads."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebench.errors import InputError
from tunebench.export import forms, layout, parity
from tunebench.export.card import describe
from tunebench.export.folders import written_whole
from tunebench.export.forms import FORMS, Asked
from tunebench.export.layout import ESTIMATOR, EXAMPLE, FRONTEND, REFERENCE
from tunebench.export.parity import ParityError

ACCURACY_LOST = 0.05
"""A form that answers rightly so much less often than the trained model, on validation, is refused."""

NO_CALIBRATION = np.zeros((0, 0), np.float32)
Judge = Callable[[Asked], Mapping[str, float]]
"""A loaded model to its `accuracy` and `accuracy_change`, on the validation side."""


def export(
    bundle_dir: Path,
    format: str,
    out: Path,
    *,
    calibration: NDArray[np.float32] = NO_CALIBRATION,
    judge: Judge | None = None,
) -> Path:
    """Write one form of a bundle's model to the new folder `out`, and verify it in a fresh process.

    What the bundle holds is copied, and what it does not is converted. Beside the model lie the description
    (classes, sample rate, segment), the card, and the examples, so that `out` is itself a bundle that
    `tunebench predict` and `tunebench serve` take.

    Args:
        bundle_dir: of the bundle.
        format: a name of `forms.FORMS`.
        out: a folder that does not exist, or is empty.
        calibration: inputs from the training side `(n, samples)`, for int8.
        judge: measures the accuracy; without it, the card says that it was not measured.

    Returns:
        The exported model, for instance `out/model.onnx`.

    Raises:
        InputError: an unknown format, no bundle, or `out` is in use.
        ParityError: the export does not give the probabilities of the trained model, or is wrong too often.
        SearchError: it cannot be converted.
        StorageError: `out` cannot be written.
    """
    form = _form(format)
    bundle = layout.read(bundle_dir)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not empty. Name a new folder with --out, or remove this one.")
    source = bundle_dir / form.file
    if not source.exists() and not form.converted:
        raise InputError(
            f"{bundle_dir}: this bundle holds no {form.file}. Write --format {_held(bundle_dir)}, "
            "or export from the search itself."
        )
    with written_whole(out) as folder:
        shutil.copyfile(bundle.example, folder / EXAMPLE)
        if (bundle_dir / REFERENCE).exists():
            shutil.copytree(bundle_dir / REFERENCE, folder / REFERENCE)
        if source.exists():
            copy = shutil.copytree if source.is_dir() else shutil.copyfile
            copy(source, folder / form.file)
        else:
            from tunebench.export.converters import convert

            convert(bundle, form.name, folder / form.file, calibration)
        if form.file == ESTIMATOR and (bundle_dir / FRONTEND).exists():
            shutil.copytree(bundle_dir / FRONTEND, folder / FRONTEND)
        describe(bundle, folder)
        (differences,) = parity.measure([folder])
        parity.check(differences, float(bundle.parity["tolerance"]), out)
        found = dict(differences[form.name])
        if judge is not None:
            found |= judge(forms.load(replace(bundle, folder=folder), form=form.name).ask)
            _check_accuracy(found, form.name, out)
        describe(replace(bundle, parity={**bundle.parity, form.name: found}), folder)
    return out / form.file


def _check_accuracy(found: Mapping[str, float], form: str, out: Path) -> None:
    if found["accuracy_change"] < -ACCURACY_LOST:
        raise ParityError(
            f"{out}: as {form} the model's accuracy on validation is {found['accuracy']:.3f}, "
            f"{-found['accuracy_change']:.3f} less than as trained; {ACCURACY_LOST:g} is allowed. It is not "
            "exported. Write another --format: litert-float16 is half the size of litert and as accurate."
        )


def _form(name: str) -> forms.Form:
    if name in FORMS:
        return FORMS[name]
    raise InputError(f"--format {name}: no such format. Write {', '.join(FORMS)} or mlflow.")


def _held(folder: Path) -> str:
    return " or ".join(form.name for form in FORMS.values() if (folder / form.file).exists()) or "nothing"
