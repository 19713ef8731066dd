"""Memory and disk of many trials in one process: a search of small nets over every front-end.

python benchmarks/memory.py --record
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import psutil

from tunebench.app.options import Options
from tunebench.app.search import search
from tunebench.audio.demo import write
from tunebench.search.protocols import Listener
from tunebench.space import load
from tunebench.trial import TrialRequest, TrialResult

HERE = Path(__file__).parent
WARM = 20
SPACE = """
name: memory
data:
  root: ROOT
  manifest: manifest.csv
  sample_rate: 8000
  segment: {seconds: 3.0}
  split: {by: group, validation: 0.2, test: 0.2, seed: 7}
space:
  spectrogram:
    choice:
      mel: {n_fft: {choice: [256, 512]}, hop_length: {int: [128, 256]}, n_mels: {int: [16, 32]}}
      stft: {n_fft: {choice: [256, 512]}, hop_length: {int: [128, 256]}}
      mfcc: {n_mfcc: {int: [10, 20]}, n_fft: 512, n_mels: 24, hop_length: 128}
  backbone: {choice: {cnn: {filters: {choice: [4, 8]}, blocks: {choice: [2, 3]}}}}
  image_size: {choice: [16, 24]}
  learning_rate: {log_float: [1e-4, 1e-2]}
search: {max_epochs: 9, factor: 3, iterations: 9, seed: 7}
winner: {finalists: 1, repeats: 1}
"""


class Footprint(Listener):
    """Memory of this process and size of the checkpoints after each trial."""

    def __init__(self, checkpoints: Path) -> None:
        self.memory_mb: list[float] = []
        self.folders: list[int] = []
        self._checkpoints, self._process = checkpoints, psutil.Process()

    def on_result(self, request: TrialRequest, result: TrialResult) -> None:
        """Look once."""
        assert not result.message, result.message
        if request.kind == "trial":
            self.memory_mb.append(self._process.memory_info().rss / 1e6)
            self.folders.append(sum(1 for _ in self._checkpoints.iterdir()))


def main() -> None:
    """Run the search and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/memory.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["TUNEBENCH_HOME"] = name
        home = Path(name)
        write(home / "corpus")
        (home / "space.yaml").write_text(SPACE.replace("ROOT", str(home / "corpus")))
        seen = Footprint(home / "experiments" / "memory" / "checkpoints")
        summary = search(load(home / "space.yaml"), Options(), listeners=[seen])
    warm, last = seen.memory_mb[WARM - 1], max(seen.memory_mb[-10:])
    lines = [
        "# Memory and disk of a long search",
        "",
        f"{len(seen.memory_mb)} trials in one process, cnn, {summary['search']['structures']} structures, "
        "three front-ends with parameters drawn anew. Made by `python benchmarks/memory.py --record`.",
        "",
        "| | |",
        "|---|---|",
        f"| resident memory after {WARM} trials | {warm:.0f} MB |",
        f"| at the end | {last:.0f} MB |",
        f"| growth | {last - warm:.0f} MB (goal: under 100) |",
        f"| most checkpoints on disk at once | {max(seen.folders)} (a bracket begins with 9) |",
    ]
    print("\n".join(lines), flush=True)
    print(" ".join(f"{value:.0f}" for value in seen.memory_mb[::10]))
    if options.record:
        (HERE / "results" / "memory.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
