"""Taking a model out of a bundle, in the format that somebody else's program reads."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tunebench.errors import InputError
from tunebench.export import layout, parity
from tunebench.export.folders import written_whole
from tunebench.export.layout import DESCRIPTION, ESTIMATOR, EXAMPLE, FRONTEND, KERAS, SAVEDMODEL

FORMATS: Mapping[str, str] = {"keras": KERAS, "savedmodel": SAVEDMODEL, "skops": ESTIMATOR}
"""The formats there are, and what each is called in a bundle and in the exported folder."""

PLANNED = ("onnx", "litert", "mlflow")
"""Formats that a later version writes."""


def export(bundle_dir: Path, format: str, out: Path) -> Path:
    """Copy one form of a bundle's model to the new folder `out`, and verify the copy in a fresh process.

    Beside the model lie the bundle's description (classes, sample rate, segment) and its example, so
    the folder of a `savedmodel` is itself a bundle that `tunebench predict` takes.

    Returns:
        The exported model: `out/model.keras`, `out/savedmodel` or, of an estimator, `out/estimator.skops`.

    Raises:
        InputError: an unknown format, no bundle, or `out` is in use.
        ParityError: the copy does not give the probabilities of the trained model.
        StorageError: `out` cannot be written.
    """
    model = _model_of(format)
    bundle = layout.read(bundle_dir)
    source = bundle_dir / model
    if not source.exists():
        raise InputError(
            f"{bundle_dir}: this bundle holds no {model}. Write --format {_held(bundle_dir)}, "
            "or export from the search itself."
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not empty. Name a new folder with --out, or remove this one.")
    with written_whole(out) as folder:
        shutil.copyfile(bundle_dir / DESCRIPTION, folder / DESCRIPTION)
        shutil.copyfile(bundle.example, folder / EXAMPLE)
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, folder / model)
        if model == ESTIMATOR and (bundle_dir / FRONTEND).exists():
            shutil.copytree(bundle_dir / FRONTEND, folder / FRONTEND)
        (differences,) = parity.measure([folder])
        parity.check(differences, float(bundle.parity["tolerance"]), out)
    return out / model


def _model_of(name: str) -> str:
    if name in FORMATS:
        return FORMATS[name]
    offered = " or ".join(FORMATS)
    if name in PLANNED:
        raise InputError(f"--format {name}: comes in a later version of tunebench. Write {offered}.")
    raise InputError(f"--format {name}: no such format. Write {offered} ({', '.join(PLANNED)} come later).")


def _held(folder: Path) -> str:
    return " or ".join(name for name, model in FORMATS.items() if (folder / model).exists()) or "nothing"
