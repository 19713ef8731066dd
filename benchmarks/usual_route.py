"""Every system of the usual route on one corpus, and one table of them all.

    python benchmarks/usual_route.py --home runs --corpus demo --data demo/corpus --hours 0.1
    python benchmarks/usual_route.py --home runs --corpus esc10 --data path/to/esc10 --hours 0.1

A search that was run before is not run again: its result is read. `--protocols` also trains each winner
under splits by group, track and segment.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas

ROOT = Path(__file__).parents[1]
SYSTEMS = (
    "waveform_dense",
    "waveform_cnn1d",
    "mfcc_dense",
    "mfcc_cnn",
    "spectrogram_images",
    "pretrained_backbones",
    "classical_models",
    "feature_table",
)
AS_THE_OTHERS = ("data.split.by=fold", "data.split.validation=[4]", "data.split.test=[5]")


def tunebench(home: Path, *arguments: str) -> str:
    """The command line in a home of its own; what it wrote."""
    command = [sys.executable, "-m", "tunebench", *arguments]
    environment = {**os.environ, "TUNEBENCH_HOME": str(home)}
    return subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout


def run(home: Path, system: str, corpus: str, data: Path, hours: float, protocols: bool) -> dict:
    """The summary of one system's search, and its figures under several splits where they are asked for."""
    name = f"{system}-{corpus}"
    folder, begun = home / "experiments" / name, time.perf_counter()
    changes = [f"search.max_hours={hours}"]
    if system == "feature_table":
        data, changes = table_of(home, corpus, data), [*changes, *AS_THE_OTHERS]
    tunebench(
        home, "search", str(ROOT / "search_spaces" / f"{system}.yaml"), "--data", str(data), "--name", name,
        "--quiet", *(word for change in changes for word in ("--set", change)),
    )  # fmt: skip
    summary = json.loads((folder / "summary.json").read_text())
    print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    if protocols:
        if not (folder / "protocols.json").exists():
            tunebench(home, "compare", name, "--protocols", "--json")
        summary["protocols"] = json.loads((folder / "protocols.json").read_text())
    return summary


def table_of(home: Path, corpus: str, data: Path) -> Path:
    """A folder with the corpus as a feature table, made of the segments that classical_models has."""
    folder = home / "tables" / corpus
    if not (folder / "features.csv").exists():
        file = str(ROOT / "search_spaces" / "classical_models.yaml")
        out = str(folder / "features.csv")
        tunebench(home, "data", "features", file, "--data", str(data), "--segments", "--groups", "--out", out)
    return folder


def parameters(home: Path, summary: dict) -> int:
    """Parameters of the winner's net, or numbers and nodes that its estimator holds."""
    table = pandas.read_csv(home / "experiments" / summary["name"] / "trials.csv")
    own = table[table["configuration"] == summary["winner"]["configuration"]]
    return int(own["parameters"].max())


def interval(figure: dict) -> str:
    """`0.84 [0.75, 0.92]`."""
    return f"{figure['value']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]"


def main() -> None:
    """Run all systems and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder for what the searches leave behind")
    parser.add_argument("--corpus", required=True, help="its name, for the names of the searches")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=0.1, help="of each search, before the finalists")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--protocols", action="store_true")
    options = parser.parse_args()
    home, data = options.home.resolve(), options.data.resolve()
    print(
        "| system | configurations, trials, epochs | seconds | parameters | validation, per track "
        "| test accuracy per track | per segment | macro F1 per track |"
    )
    print("|---|---|---|---|---|---|---|---|")
    leaks: list[str] = []
    for system in options.systems:
        summary = run(home, system, options.corpus, data, options.hours, options.protocols)
        search, winner = summary["search"], summary["winner"]
        test = winner["test"]
        print(
            f"| {system} | {search['configurations']}, {search['trials']}, {search['epochs']} | "
            f"{search['wall_s']:.0f} | {parameters(home, summary):,} | "
            f"{winner['validation']['val_track_accuracy']['mean']:.2f} | "
            f"{interval(test['track']['accuracy'])} | {interval(test['segment']['accuracy'])} | "
            f"{interval(test['track']['macro_f1'])} |",
            flush=True,
        )
        by = {row["split_by"]: row for row in summary.get("protocols", [])}
        if by:
            cells = [interval(by[split]["segment"]) for split in ("group", "track", "segment") if split in by]
            leaks.append(f"| {system} | {' | '.join(cells)} |")
    if leaks:
        print("\n| winner of | split by group | by track | by segment, leaky |\n|---|---|---|---|")
        print("\n".join(leaks))


if __name__ == "__main__":
    main()
