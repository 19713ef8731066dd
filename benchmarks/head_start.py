"""What priors and earlier searches are worth on a synthetic objective, and what bad ones cost (decision 010).

For each way to begin: what the best fully trained configuration lacks of 1, after the first bracket and at
the end, and the mean difference from a search without either, over the same seeds, with its standard error.

    python benchmarks/head_start.py --samplers random tpe
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.search import simulated

from tunebench.catalog.spec import Signal
from tunebench.search.brackets import rungs
from tunebench.search.oracle import KerasTunerOracle


def search(folder: Path, seed: int, *, priors=None, earlier=(), **options):
    experiment = simulated.experiment(folder, text=simulated.HILLY, priors=priors, seed=seed, **options)
    oracle = KerasTunerOracle(experiment.space, experiment.search, Signal(16000, 16000), earlier=earlier)
    return simulated.drain(oracle, curve_of=simulated.hilly)


def upside_down(values, epoch: int) -> float:
    return -simulated.hilly(values, epoch)


def ways(folder: Path, seed: int) -> dict[str, dict]:
    """Arguments of a search by the name of how it begins; the earlier search is one of 9 epochs."""
    first = search(folder, 100 + seed, max_epochs=9)
    return {
        "neither": {},
        "good priors": {"priors": simulated.GOOD_PRIORS},
        "bad priors": {"priors": simulated.BAD_PRIORS},
        "warm start, same data": {
            "earlier": simulated.observed(first, comparable=True, curve=simulated.hilly)
        },
        "warm start, other data": {
            "earlier": simulated.observed(first, comparable=False, curve=simulated.hilly)
        },
        "warm start, misleading": {"earlier": simulated.observed(first, comparable=False, curve=upside_down)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samplers", nargs="+", default=["random", "tpe"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--max-epochs", type=int, default=27)
    options = parser.parse_args()
    table = rungs(max_epochs=options.max_epochs, factor=3)
    first_bracket = sum(rung.epochs for rung in table if rung.bracket == table[0].bracket)
    for sampler in options.samplers:
        found: dict[str, list[tuple[float, float]]] = {}
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(options.seeds):
                for way, arguments in ways(Path(folder), seed).items():
                    done = search(
                        Path(folder), seed, sampler=sampler, max_epochs=options.max_epochs, **arguments
                    )
                    found.setdefault(way, []).append(
                        (simulated.regret(done, first_bracket), simulated.regret(done))
                    )
        for way, pairs in found.items():
            said = [f"{sampler:7} {way:24}"]
            for when, mine, plain in zip(
                ("first bracket", "end"),
                zip(*pairs, strict=True),
                zip(*found["neither"], strict=True),
                strict=True,
            ):
                differences = [a - b for a, b in zip(mine, plain, strict=True)]
                error = statistics.stdev(differences) / math.sqrt(len(differences))
                said.append(
                    f"{when} {statistics.mean(mine):.3f} ({statistics.mean(differences):+.3f} ± {error:.3f})"
                )
            print("  ".join(said))


if __name__ == "__main__":
    main()
