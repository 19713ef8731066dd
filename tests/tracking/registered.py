"""Winners that are registered in no time: a bundle without a model, and predictions as asked."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from tests.tracking.project import Project

from tunebench.app.registry import judge
from tunebench.evaluation.predictions import Predictions, TrackPrediction
from tunebench.tracking.version import Evidence, Outcome, Verdict

SUMMARY: dict[str, Any] = {
    "winner": {
        "configuration": "c0",
        "values": {"backbone": "cnn"},
        "validation": {"accuracy": {"mean": 0.8, "std": 0.1, "repeats": 3}},
        "test": {"track": {"accuracy": {"value": 0.75, "low": 0.6, "high": 0.9}}},
        "test_reads": 2,
    }
}


def write_bundle(folder: Path, repeat: str = "r0") -> Path:
    """What registering reads of a bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {"format": 1, "classes": ["a", "b"], "sample_rate_hz": 8000, "repeat": repeat}
    (folder / "tunebench.json").write_text(json.dumps(described))
    np.savez(folder / "example.npz", waveform=np.zeros((1, 800), np.float32))
    return folder


def write_predictions(path: Path, right: int, *, side: str = "test") -> Path:
    """100 tracks, of which the first `right` are right."""
    tracks = [
        TrackPrediction(side, f"{n}.wav", "", "a", np.array([0.9, 0.1] if n < right else [0.1, 0.9]))
        for n in range(100)
    ]
    path.write_text(Predictions(("a", "b"), tuple(tracks)).to_csv())
    return path


def log_winner(
    project: Project, search: str, right: int | None, *, repeat: str = "r0", wait_s: float = 0
) -> Outcome:
    """A search ends; its winner is right on so many of 100 test tracks, or has no predictions."""
    folder = project.home / f"{project.name}-{search}"
    bundle = write_bundle(folder / "winner", repeat)
    predictions = None if right is None else write_predictions(folder / "predictions.csv", right)
    listener = project.listener(search_id=f"{project.name}-{search}")
    listener._thread.submit(int).result()  # MLflow is open
    if wait_s:
        print("ready", flush=True)
        sys.stdin.readline()

    def slow(challenger: Evidence, champion: Evidence) -> Verdict:
        time.sleep(wait_s)
        return judge(challenger, champion)

    outcome = listener.log_winner(bundle, SUMMARY, [], predictions=predictions, judge=slow)
    listener.close("FINISHED")
    assert outcome is not None
    return outcome
