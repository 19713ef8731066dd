"""The winner as a registered MLflow model with the alias `champion`."""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
import soundfile
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.types import ColSpec, DataType, Schema
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from tunebench.tracking.runs import Runs

ALIAS = "champion"
MODEL_TAG, WINNER_TAG = "model", "winner"
CODE = Path(__file__).with_name("pyfunc_model.py")
REQUIREMENTS = ("mlflow", "tensorflow", "numpy", "pandas", "soundfile", "soxr")


def register(runs: Runs, name: str, bundle: Path, summary: Mapping[str, Any]) -> str:
    """Log the bundle as a model of the parent run, register it under `name`, and make it the champion.

    Done once for each winner: a search that was stopped after this answers as before, and one that was cut
    short and found a better one replaces the champion.

    Returns:
        `models:/<name>@champion`.
    """
    address = f"models:/{name}@{ALIAS}"
    described = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    winner = described.get("repeat", summary["winner"]["configuration"])
    if MODEL_TAG in runs.tags and runs.tags.get(WINNER_TAG) == winner:
        return address
    client = runs.client
    at_ms = round(time.time() * 1000)
    metrics = [Metric(key, value, at_ms, 0) for key, value in _figures(summary["winner"])]
    client.log_batch(runs.parent, metrics=metrics)
    values = {key: str(value) for key, value in summary["winner"]["values"].items()}
    model = client.create_logged_model(
        runs.experiment_id, name=name, source_run_id=runs.parent, params=values, model_type="classifier"
    )
    client.log_outputs(runs.parent, [LoggedModelOutput(model.model_id, 0)])
    _upload(client, model, runs.parent, bundle)
    client.finalize_logged_model(model.model_id, "READY")
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    made = client.create_model_version(
        name, model.artifact_location, run_id=runs.parent, model_id=model.model_id
    )
    versions = [{"name": name, "version": str(made.version)}]
    client.set_logged_model_tags(model.model_id, {MLFLOW_MODEL_VERSIONS: json.dumps(versions)})
    client.set_registered_model_alias(name, ALIAS, str(made.version))
    runs.tag({MODEL_TAG: f"models:/{name}/{made.version}", WINNER_TAG: winner})
    return address


def _upload(client: MlflowClient, model: LoggedModel, run_id: str, bundle: Path) -> None:
    described = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
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
            mlflow_model=Model(artifact_path=model.artifact_location, run_id=run_id, model_id=model.model_id),
        )
        client.log_model_artifacts(model.model_id, str(folder))


def _inputs(described: Mapping[str, Any]) -> list[Any]:
    """Recordings, or of a model of a table the columns that it was trained on."""
    if described.get("input") == "table":
        return [ColSpec(DataType.double, column) for column in described["columns"]]
    return [ColSpec(DataType.binary, "audio")]


def _example(bundle: Path, described: Mapping[str, Any]) -> pd.DataFrame:
    """The first example, a row or a FLAC file: 5 s are 0.2 MB in JSON, as numbers 1.7 MB."""
    with np.load(bundle / "example.npz") as example:
        if described.get("input") == "table":
            return pd.DataFrame(example["features"][:1].astype(np.float64), columns=described["columns"])
        waveform = example["waveform"][0]
    file = io.BytesIO()
    soundfile.write(file, waveform, described["sample_rate_hz"], format="FLAC", subtype="PCM_16")
    return pd.DataFrame({"audio": [file.getvalue()]})


def _packages(bundle: Path) -> tuple[str, ...]:
    """What the model needs where it is loaded."""
    return (*REQUIREMENTS, "scikit-learn", "skops") if (bundle / "estimator.skops").exists() else REQUIREMENTS


def _figures(winner: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Means on validation, and what the one test gave."""
    for metric, figures in winner["validation"].items():
        yield f"winner_{metric}", figures["mean"]
    test = winner.get("test") or {}
    for level, prefix in (("segment", "test_"), ("track", "test_track_")):
        for metric, figures in test.get(level, {}).items():
            yield prefix + metric, figures["value"]
