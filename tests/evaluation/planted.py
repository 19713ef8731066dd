"""A small space with a condition, and searches of it whose scores come from a formula."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tunebench.search.records import Records, TrialRecord
from tunebench.space import Space, load
from tunebench.trial import EpochRecord, Status, TrialRequest, TrialResult

OBJECTIVE = "val_accuracy"
SPACE = (
    "  spectrogram: {choice: {mel: {n_mels: {int: [32, 64]}}, stft: {}}}\n"
    "  backbone: cnn\n  learning_rate: {log_float: [1e-5, 1e-1]}\n  dropout: {float: [0.0, 0.5]}\n"
)


def planted_space(folder: Path, text: str = SPACE) -> Space:
    file = folder / "space.yaml"
    file.write_text(f"name: planted\ndata: {{root: nowhere, split: {{by: track}}}}\nspace:\n{text}")
    return load(file).space


def planted_records(
    space: Space, score: Callable, count: int = 40, epochs: Callable[[int], int] = lambda number: 3
) -> Records:
    """Configurations drawn from the space, with a score from a formula of values and epoch."""
    found, rng = Records(), np.random.default_rng(0)
    for number in range(count):
        values, last = space.sample(rng), epochs(number)
        name = f"{number:04d}"
        record = TrialRecord(TrialRequest(name, f"c{name}", values, 0, last, 1, name))
        for epoch in range(1, last + 1):
            record.epochs[epoch] = EpochRecord(epoch, {OBJECTIVE: score(values, epoch)})
        record.result = TrialResult(name, Status.COMPLETED, last, score(values, last))
        found.trials[name] = record
    return found
