"""One worker against two, pinned to one core each: the demo's search, in turn.

python benchmarks/workers.py --record
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tunebench.audio.demo import write
from tunebench.search.table import UNSTABLE

HERE = Path(__file__).parent
SPACE = HERE.parent / "search_spaces" / "demo.yaml"


def run(home: Path, corpus: Path, workers: int) -> tuple[float, float, list[dict[str, str]]]:
    """Seconds of the whole command, of its trials alone, and the stable part of its table."""
    command = [
        sys.executable, "-m", "tunebench", "search", str(SPACE), "--data", str(corpus), "--quiet",
        "--executor", "processes", "--workers", str(workers), "--threads", "1",
    ]  # fmt: skip
    begun = time.perf_counter()
    environment = {**os.environ, "TUNEBENCH_HOME": str(home), "TUNEBENCH_STORE": str(corpus.parent / "store")}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - begun
    folder = home / "experiments" / "demo"
    times = [
        event["at"]
        for event in map(json.loads, (folder / "journal.jsonl").open())
        if event["event"] in ("start", "result")
    ]
    with (folder / "trials.csv").open(newline="") as file:
        table = [
            {k: v for k, v in row.items() if k not in UNSTABLE and not k.startswith("seconds_")}
            for row in csv.DictReader(file)
        ]
    return wall_s, max(times) - min(times), table


def main() -> None:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/workers.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        corpus = Path(name) / "corpus"
        write(corpus)
        found = {workers: run(Path(name) / f"home{workers}", corpus, workers) for workers in (1, 2)}
    (one_s, one_trials_s, one), (two_s, two_trials_s, two) = found[1], found[2]
    lines = [
        "# One worker and two, one core each",
        "",
        f"The demo's search, {len(one)} trials and its repeats; {os.cpu_count()} cores, one run of each, in "
        "turn. Made by `python benchmarks/workers.py --record`.",
        "",
        "| | one worker | two workers | two / one |",
        "|---|---|---|---|",
        f"| from the first trial to the last | {one_trials_s:.0f} s | {two_trials_s:.0f} s | "
        f"{two_trials_s / one_trials_s:.2f} (goal 0.65) |",
        f"| whole command, export included | {one_s:.0f} s | {two_s:.0f} s | {two_s / one_s:.2f} |",
        "",
        f"The two trial tables are {'the same' if one == two else 'NOT the same'}.",
    ]
    print("\n".join(lines))
    if options.record:
        (HERE / "results" / "workers.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
