"""What a search's data is, as the summary and the bundle tell it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tunebench.space import Experiment
from tunebench.training.data import TrainingData


def describe_data(experiment: Experiment, data: TrainingData) -> dict[str, Any]:
    """Counts, the split and its measured leakage."""
    return {
        "tracks": len(data.corpus.tracks),
        "segments": len(data.segments),
        "sides": {
            side: len(getattr(data.split, side)) for side in ("train", "validation", "test")
        },
        "classes": list(data.corpus.classes),
        "split_by": experiment.data.split.by,
        "split_hash": data.split.hash,
        "corpus_digest": data.corpus.digest,
        "leakage": data.split.leakage,
        "licence": experiment.data.licence,
        "quarantined": [asdict(row) for row in data.corpus.quarantined],
        "listed_but_missing": list(data.split.missing),
        "absent_classes": {side: list(names) for side, names in data.split.absent.items() if names},
    }  # fmt: skip
