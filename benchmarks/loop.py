"""What the search loop itself costs: 10,000 trials over 256 simulated workers, journal and oracle included.

Training takes no time here: each epoch's score comes from a formula. What is left is asking, journaling
(each line on the disk before anybody acts on it), telling, and deciding which checkpoints go.

    python benchmarks/loop.py --record
"""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from tunebench.catalog.spec import Signal
from tunebench.search.journal import Journal, read
from tunebench.search.loop import Loop
from tunebench.search.oracle import KerasTunerOracle
from tunebench.search.records import rebuild
from tunebench.space import Experiment, load
from tunebench.trial import EpochRecord, Status, TrialRequest, TrialResult

HERE = Path(__file__).parent
SPACE = """
name: loop
data: {root: nowhere, split: {by: track}}
space:
  spectrogram:
    choice:
      mel: {n_fft: {choice: [512, 1024, 2048]}, hop_length: {int: [128, 512]}, n_mels: {int: [32, 96]}}
      stft: {n_fft: {choice: [512, 1024, 2048]}, hop_length: {int: [128, 512]}}
  backbone: {choice: {cnn: {filters: {choice: [8, 16]}}, mobilenetv2: {}}}
  learning_rate: {log_float: [1e-5, 1e-1]}
  dropout: {float: [0, 0.5]}
search: {max_epochs: 81, factor: 3, iterations: ITERATIONS, seed: 1}
"""
ITERATIONS = 49  # 206 trials each
WORKERS = 256


class Simulated:
    """Ends one of its trials, drawn at random, as soon as it is waited for; reports the last epoch alone."""

    isolated = True

    def __init__(self, slots: int) -> None:
        self.slots, self._open, self._rng = slots, [], random.Random(0)
        self._waited = time.perf_counter()
        self.decisions_s: list[float] = []

    def submit(self, request: TrialRequest) -> None:
        """Take a trial."""
        self._open.append(request)

    def wait(self, on_epoch) -> TrialResult:
        """End a trial. The time since the last one was a decision's."""
        self.decisions_s.append(time.perf_counter() - self._waited)
        request = self._open.pop(self._rng.randrange(len(self._open)))
        score = 1 / (1 + abs(math.log10(request.values["learning_rate"]) + 3)) - 1 / (1 + request.epochs_to)
        self._waited = time.perf_counter()
        on_epoch(request.trial, EpochRecord(request.epochs_to, {"val_accuracy": score}))
        return TrialResult(request.trial, Status.COMPLETED, request.epochs_to, score, request.epochs_to)

    def close(self) -> None:
        """Nothing to free."""


def make(folder: Path, executor: Simulated, experiment: Experiment) -> tuple[Loop, KerasTunerOracle]:
    """A loop from wherever the journal in the folder is."""
    path = folder / "journal.jsonl"
    loop = Loop(
        executor=executor, journal=Journal(path), events=list(read(path)), listeners=[], seed=1,
        objective="val_accuracy",
    )  # fmt: skip
    return loop, KerasTunerOracle(experiment.space, experiment.search, Signal(16_000, 80_000))


def main() -> None:
    """Run the search, then replay its journal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/loop.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "space.yaml").write_text(SPACE.replace("ITERATIONS", str(options.iterations)))
        experiment = load(folder / "space.yaml")
        executor = Simulated(WORKERS)
        loop, oracle = make(folder, executor, experiment)
        begun = time.perf_counter()
        loop.search(oracle)
        wall_s, trials = time.perf_counter() - begun, len(loop.records.trials)
        loop._journal.close()
        begun = time.perf_counter()
        rebuild(read(folder / "journal.jsonl"))
        rebuild_s = time.perf_counter() - begun
        begun = time.perf_counter()
        loop, oracle = make(folder, Simulated(WORKERS), experiment)
        loop.search(oracle)
        replay_s = time.perf_counter() - begun
    decisions = sorted(executor.decisions_s)
    lines = [
        "# The search loop by itself",
        "",
        f"{trials:,} trials, {WORKERS} simulated workers, {os.cpu_count()} cores. Made by "
        "`python benchmarks/loop.py --record`.",
        "",
        "| | |",
        "|---|---|",
        f"| whole search | {wall_s:.1f} s |",
        f"| a decision: result journaled and told, next trial asked and journaled; mean | "
        f"{1000 * wall_s / trials:.2f} ms (goal 5) |",
        f"| median, 99th percentile | {1000 * statistics.median(decisions):.2f}, "
        f"{1000 * decisions[int(0.99 * len(decisions))]:.2f} ms |",
        f"| trials rebuilt from the journal | {rebuild_s:.1f} s |",
        f"| search taken up again: journal replayed into a new oracle | {replay_s:.1f} s (goal 10) |",
    ]
    print("\n".join(lines))
    if options.record:
        (HERE / "results" / "loop.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
