"""The winner as a version of a registered MLflow model."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric
from mlflow.models import Model
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from tunebench.tracking.pyfunc import save_pyfunc
from tunebench.tracking.registry import PREDICTIONS, Registry
from tunebench.tracking.runs import Runs
from tunebench.tracking.version import Judge, Outcome

MODEL_TAG, WINNER_TAG = "model", "winner"


def register(
    runs: Runs,
    registry: Registry,
    name: str,
    bundle: Path,
    summary: Mapping[str, Any],
    *,
    predictions: Path | None,
    test_side: str,
    judge: Judge,
) -> Outcome:
    """Log the bundle as a model of the parent run, register it, and let it challenge the champion.

    Done once for each winner: a search that was stopped after this answers as before, and one that was cut
    short and found another winner registers that as a version of its own, which is judged as any other.

    Args:
        runs: of the search.
        registry: of the same store.
        name: of the registered model.
        bundle: the exported folder.
        summary: as in `summary.json`.
        predictions: what the winner said of each track; it goes with the model, for later comparisons.
        test_side: digest of the test side, `none` without one.
        judge: says whether it is better than the champion.
    """
    described = json.loads((bundle / "tunebench.json").read_text(encoding="utf-8"))
    winner = described.get("repeat", summary["winner"]["configuration"])
    number = registry.find(name, runs.parent, {WINNER_TAG: winner})
    if number is None:
        model = _log(runs, name, bundle, summary["winner"], predictions)
        tags = {key: runs.tags[key] for key in ("split_hash", "leakage")}
        tags |= {WINNER_TAG: winner, "test_side": test_side, **_tested(summary["winner"])}
        if predictions is not None:
            tags["predictions"] = PREDICTIONS
        number = registry.add(name, model, runs.parent, tags)
        versions = [{"name": name, "version": str(number)}]
        runs.client.set_logged_model_tags(model.model_id, {MLFLOW_MODEL_VERSIONS: json.dumps(versions)})
    outcome = registry.challenge(name, number, judge, once=True)
    runs.tag({MODEL_TAG: f"models:/{name}/{number}", WINNER_TAG: winner})
    return outcome


def _log(
    runs: Runs, name: str, bundle: Path, winner: Mapping[str, Any], predictions: Path | None
) -> LoggedModel:
    client = runs.client
    at_ms = round(time.time() * 1000)
    metrics = [Metric(key, value, at_ms, 0) for key, value in _figures(winner)]
    client.log_batch(runs.parent, metrics=metrics)
    values = {key: str(value) for key, value in winner["values"].items()}
    model = client.create_logged_model(
        runs.experiment_id, name=name, source_run_id=runs.parent, params=values, model_type="classifier"
    )
    client.log_outputs(runs.parent, [LoggedModelOutput(model.model_id, 0)])
    _upload(client, model, runs.parent, bundle, predictions)
    client.finalize_logged_model(model.model_id, "READY")
    return model


def _upload(
    client: MlflowClient, model: LoggedModel, run_id: str, bundle: Path, predictions: Path | None
) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        save_pyfunc(
            bundle,
            folder,
            Model(artifact_path=model.artifact_location, run_id=run_id, model_id=model.model_id),
        )
        if predictions is not None:
            shutil.copyfile(predictions, folder / PREDICTIONS)
        client.log_model_artifacts(model.model_id, str(folder))


def _figures(winner: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Means on validation, and what the one test gave."""
    for metric, figures in winner["validation"].items():
        yield f"winner_{metric}", figures["mean"]
    test = winner.get("test") or {}
    for level, prefix in (("segment", "test_"), ("track", "test_track_")):
        for metric, figures in test.get(level, {}).items():
            yield prefix + metric, figures["value"]


def _tested(winner: Mapping[str, Any]) -> Mapping[str, str]:
    """Tags of the version: what the one test gave, and how often this test side was read by then."""
    test = winner.get("test") or {}
    accuracy = test.get("track", {}).get("accuracy")
    if accuracy is None:
        return {}
    kept = {key: accuracy[key] for key in ("value", "low", "high")}
    return {"test_track_accuracy": json.dumps(kept), "test_reads": str(winner.get("test_reads", 1))}
