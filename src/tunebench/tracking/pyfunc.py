"""A bundle as an MLflow model, which MLflow loads and serves without tunebench."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
import soundfile
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema

from tunebench.errors import InputError
from tunebench.export import layout, parity
from tunebench.export.folders import written_whole
from tunebench.export.layout import DESCRIPTION, ESTIMATOR, EXAMPLE, FEATURES, PROBABILITIES, WAVEFORM
from tunebench.export.parity import ParityError
from tunebench.tracking import store

CODE = Path(__file__).with_name("pyfunc_model.py")
REQUIREMENTS = ("mlflow", "tensorflow", "numpy", "pandas", "soundfile", "soxr")
_TIMEOUT_S = 900.0


def save_pyfunc(bundle: Path, folder: Path, model: Model | None = None) -> None:
    """Write the MLflow model into the new `folder`; `model` names the run and the logged model, if any."""
    described = json.loads((bundle / DESCRIPTION).read_text(encoding="utf-8"))
    mlflow.pyfunc.save_model(
        folder,
        python_model=CODE,
        artifacts={"bundle": str(bundle)},
        signature=ModelSignature(
            Schema(_inputs(described)),
            Schema([ColSpec(DataType.float, name) for name in described["classes"]]),
        ),
        input_example=_example(bundle, described),
        pip_requirements=[f"{package}=={version(package)}" for package in _packages(bundle)],
        mlflow_model=model,
    )


def export_pyfunc(bundle_dir: Path, out: Path) -> Path:
    """Write a bundle as an MLflow model, and prove it in a fresh process that loads it as MLflow does.

    Returns:
        `out`, for `mlflow models serve -m OUT`.

    Raises:
        InputError: `out` is in use, or `bundle_dir` is no bundle.
        ParityError: the model that MLflow loads gives other probabilities.
        StorageError: `out` cannot be written.
    """
    store.set_defaults()
    bundle = layout.read(bundle_dir)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not empty. Name a new folder with --out, or remove this one.")
    with written_whole(out) as folder:
        save_pyfunc(bundle_dir, folder)
        parity.check({"mlflow": _measure(folder)}, float(bundle.parity["tolerance"]), out)
    return out


def _measure(folder: Path) -> Mapping[str, float]:
    """The largest differences to the bundle's examples, from a fresh process."""
    command = [sys.executable, "-m", "tunebench.tracking.pyfunc", str(folder)]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["nothing"]
        raise ParityError(
            f"The MLflow model cannot be loaded in a fresh process, so it is not called exported "
            f"(exit code {done.returncode}; it said: {said[0]})."
        )
    return json.loads(done.stdout.splitlines()[-1])


def differences(folder: Path) -> dict[str, float]:
    """What MLflow's model says of the examples inside it, against what the trained model said."""
    model = mlflow.pyfunc.load_model(str(folder))
    bundle = layout.read(next(folder.rglob(DESCRIPTION)).parent)
    with np.load(bundle.folder / EXAMPLE, allow_pickle=False) as stored:
        expected = stored[PROBABILITIES]
        if bundle.input == "table":
            frame = pd.DataFrame(stored[FEATURES].astype(np.float64), columns=list(bundle.columns))
        else:
            rate_hz = bundle.sample_rate_hz
            frame = pd.DataFrame({"audio": [_flac(waveform, rate_hz) for waveform in stored[WAVEFORM]]})
    alone = np.concatenate([np.asarray(model.predict(frame.iloc[[row]])) for row in range(len(frame))])
    together = np.asarray(model.predict(frame))
    return {"alone": float(np.abs(alone - expected).max()), "batch": float(np.abs(together - expected).max())}


def _inputs(described: Mapping[str, Any]) -> list[Any]:
    """Recordings, or of a model of a table the columns that it was trained on."""
    if described.get("input") == "table":
        return [ColSpec(DataType.double, column) for column in described["columns"]]
    return [ColSpec(DataType.binary, "audio")]


def _example(bundle: Path, described: Mapping[str, Any]) -> pd.DataFrame:
    """The first example, a row or a FLAC file: 5 s are 0.2 MB in JSON, as numbers 1.7 MB."""
    with np.load(bundle / EXAMPLE) as example:
        if described.get("input") == "table":
            return pd.DataFrame(example[FEATURES][:1].astype(np.float64), columns=described["columns"])
        waveform = example[WAVEFORM][0]
    return pd.DataFrame({"audio": [_flac(waveform, described["sample_rate_hz"])]})


def _flac(waveform: np.ndarray, rate_hz: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, waveform, rate_hz, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _packages(bundle: Path) -> tuple[str, ...]:
    """What the model needs where it is loaded."""
    return (*REQUIREMENTS, "scikit-learn", "skops") if (bundle / ESTIMATOR).exists() else REQUIREMENTS


if __name__ == "__main__":
    print(json.dumps(differences(Path(sys.argv[1]))))
