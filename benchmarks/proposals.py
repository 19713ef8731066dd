"""Epochs until a search is as good as stock Hyperband gets, on learning curves recorded from real runs.

    tunebench search benchmarks/curves/demo.yaml --data demo/corpus   # trains 100 configurations
    python benchmarks/proposals.py --keep experiments/curves-demo     # into benchmarks/curves/demo.json
    python benchmarks/proposals.py --record                           # simulates on all that were kept

A proposed configuration gets the curve of the recorded one that is nearest to it, of those that this search
has not had yet: two that are alike do not train alike, and one curve twice would teach nothing. Stock is
`keras_tuner.oracles.HyperbandOracle` itself. A search counts the epochs that it trains, promoted ones from
where they stopped, and its best is the best validation score of any epoch so far. Seeds are hashed: Keras
Tuner's searches with seeds one apart draw almost the same.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tunebench.search.brackets import rungs
from tunebench.search.journal import read
from tunebench.search.records import rebuild
from tunebench.seeding import child_seed
from tunebench.space import Experiment, load
from tunebench.space.parameters import Choice, Fixed

HERE = Path(__file__).parent
CURVES = HERE / "curves"
SEEDS = 20
MORE = 2
"""Iterations that each system may take to get as far as stock does in one."""

Spent = tuple[int, float]
"""Epochs trained so far, and the score of the last one."""


@dataclass(frozen=True)
class Table:
    """Recorded configurations and their scores by epoch."""

    name: str

    @cached_property
    def experiment(self) -> Experiment:
        """The file that they were recorded with, as Hyperband over it would be run."""
        return load(CURVES / f"{self.name}.yaml", overrides=["search.algorithm=hyperband"])

    @cached_property
    def _recorded(self) -> list[dict]:
        return json.loads((CURVES / f"{self.name}.json").read_text())

    @cached_property
    def _points(self) -> np.ndarray:
        return np.array([self._point(row["values"]) for row in self._recorded])

    def nearest(self, values: dict, used: Collection[int]) -> int:
        """Which recorded configuration is nearest, but for those that were used."""
        distances = ((self._points - self._point(values)) ** 2).sum(axis=1)
        distances[list(used)] = np.inf
        return int(distances.argmin())

    def curve(self, number: int) -> list[float]:
        """Scores of a recorded configuration after each epoch."""
        return self._recorded[number]["scores"]

    def _point(self, values: dict) -> np.ndarray:
        """Positions in [0, 1] for ranges, 0.5 where inactive; options are all one apart from each other."""
        found: list[float] = []
        for path, parameter in self.experiment.space.paths():
            match parameter:
                case Fixed():
                    pass
                case Choice(options):
                    found += [math.sqrt(0.5) * (values.get(path) == option) for option in options]
                case _:
                    low, high, value = parameter.low, parameter.high, values.get(path)
                    if value is not None and parameter.log:
                        low, high, value = math.log(low), math.log(high), math.log(value)
                    found.append(0.5 if value is None else (value - low) / (high - low))
        return np.array(found)


def stock(table: Table, seed: int) -> Iterator[Spent]:
    """Stock Hyperband, one trial at a time."""
    import keras_tuner

    from tunebench.space.keras_tuner import from_hyperparameters, to_hyperparameters

    search = table.experiment.search
    oracle = keras_tuner.oracles.HyperbandOracle(
        objective=keras_tuner.Objective("score", "max"), max_epochs=search.max_epochs, factor=search.factor,
        hyperparameters=to_hyperparameters(table.experiment.space), seed=child_seed(seed, "stock"),
        hyperband_iterations=MORE,
    )  # fmt: skip
    oracle.verbose, oracle.save, oracle._save_trial = 0, lambda: None, lambda trial: None
    spent, recorded = 0, {}
    while (trial := oracle.create_trial("one")).status == "RUNNING":
        held = trial.hyperparameters.values
        if past := held.get("tuner/trial_id"):
            number = recorded[past]
        else:
            values = from_hyperparameters(table.experiment.space, held)
            number = table.nearest(values, recorded.values())
        recorded[trial.trial_id] = number
        curve = table.curve(number)
        new = curve[held["tuner/initial_epoch"] : held["tuner/epochs"]]
        for score in new:
            spent += 1
            yield spent, score
        oracle.update_trial(trial.trial_id, {"score": max(new)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)


def random_search(table: Table, seed: int) -> Iterator[Spent]:
    """Configurations drawn by chance, each trained to the end."""
    search = table.experiment.search
    budget = sum(r.epochs for r in rungs(max_epochs=search.max_epochs, factor=search.factor))
    trials = math.ceil(MORE * budget / search.max_epochs)
    return tunebench(table, seed, "random", algorithm="random", max_trials=trials)


def tunebench(table: Table, seed: int, sampler: str, **more: object) -> Iterator[Spent]:
    """Our own, one trial at a time."""
    from tunebench.app.plan import signal_of
    from tunebench.search.oracle import KerasTunerOracle
    from tunebench.trial import Status, TrialResult

    changed = {"sampler": sampler, "seed": seed, "iterations": MORE, **more}
    search = table.experiment.search.model_copy(update=changed)
    oracle = KerasTunerOracle(table.experiment.space, search, signal_of(table.experiment))
    spent, best, recorded = 0, {}, {}
    while (proposal := oracle.ask()) is not None:
        name = proposal.configuration
        if name not in recorded:
            recorded[name] = table.nearest(dict(proposal.values), recorded.values())
        curve = table.curve(recorded[name])
        new = {epoch: curve[epoch - 1] for epoch in range(proposal.epochs_from + 1, proposal.epochs_to + 1)}
        for score in new.values():
            spent += 1
            yield spent, score
        best[name] = max([*new.values(), best.get(name, -math.inf)])
        oracle.tell(
            TrialResult(proposal.trial, Status.COMPLETED, proposal.epochs_to, best[name]),
            new,
        )


SYSTEMS = {
    "random search": random_search,
    "stock Hyperband": stock,
    "tunebench, random": lambda table, seed: tunebench(table, seed, "random"),
    "tunebench, tpe": lambda table, seed: tunebench(table, seed, "tpe"),
}


def improvements(job: tuple[str, str, int]) -> list[Spent]:
    """Where a search's best score rises."""
    name, system, seed = job
    found: list[Spent] = []
    for spent, score in SYSTEMS[system](Table(name), seed):
        if not found or score > found[-1][1]:
            found.append((spent, score))
    return found


def reach(path: list[Spent], mark: float) -> float:
    """Epochs until a search has seen a score."""
    return next((float(spent) for spent, score in path if score >= mark), math.inf)


def best_within(path: list[Spent], budget: int) -> float:
    """Best score after so many epochs."""
    return max(score for spent, score in path if spent <= budget)


def keep(folder: Path) -> None:
    """Values and scores of a recorded search, without all else that its journal holds."""
    experiment = load(folder / "space.yaml")
    tuned = experiment.space.tuned()
    rows = [
        {
            "values": {path: record.request.values[path] for path in tuned if path in record.request.values},
            "scores": [
                round(record.epochs[epoch].metrics[experiment.search.objective], 6)
                for epoch in range(1, experiment.search.max_epochs + 1)
            ],
        }
        for record in rebuild(read(folder / "journal.jsonl")).trials.values()
        if len(record.epochs) == experiment.search.max_epochs
    ]
    lines = ",\n".join(json.dumps(row) for row in rows)
    (CURVES / f"{experiment.name.removeprefix('curves-')}.json").write_text(f"[\n{lines}\n]\n")


def quartiles(values: list[float]) -> list[float]:
    """The three of them, as values that occur: a search that never got there counts as infinite."""
    return [float(value) for value in np.quantile(values, [0.25, 0.5, 0.75], method="closest_observation")]


def compare(name: str, seeds: int) -> list[str]:
    """Rows of the table, one a system."""
    search = Table(name).experiment.search
    budget = sum(r.epochs for r in rungs(max_epochs=search.max_epochs, factor=search.factor))
    jobs = [(name, system, seed) for system in SYSTEMS for seed in range(seeds)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        paths = dict(zip(jobs, pool.map(improvements, jobs), strict=True))
    found = {system: [paths[name, system, seed] for seed in range(seeds)] for system in SYSTEMS}
    mark = statistics.median_low(best_within(path, budget) for path in found["stock Hyperband"])
    own = quartiles([reach(path, mark) for path in found["stock Hyperband"]])[1]
    rows: list[str] = []
    for system, runs in found.items():
        epochs = [reach(path, mark) for path in runs]
        low, middle, high = quartiles(epochs)
        best = [best_within(path, budget) for path in runs]
        rows.append(
            f"| {name}: {mark:.3f} | {system} | {middle:.0f} [{low:.0f}, {high:.0f}] | {middle / own:.2f} | "
            f"{sum(map(math.isinf, epochs))} | {statistics.mean(best):.3f} ± {statistics.stdev(best):.3f} |"
        )
    return rows


def main() -> None:
    """Keep a recorded search, or simulate on all that were kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, metavar="SEARCH", help="a recorded search's folder")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/proposals.md")
    options = parser.parse_args()
    if options.keep:
        keep(options.keep)
        return
    lines = [
        "# Epochs until a search is as good as stock Hyperband gets",
        "",
        "Learning curves of 100 configurations each, recorded from real runs over 27 epochs; "
        f"{options.seeds} seeds. The mark is the median of the best score that stock has seen after its "
        f"budget, one Hyperband. Each system may take {MORE} times that; epochs until it are median and "
        "quartiles. The last column is the best score after one budget, mean and standard deviation. Made by "
        "`python benchmarks/proposals.py --record`.",
        "",
        "| curves: mark | system | epochs until the mark | of stock's | never | best after one budget |",
        "|---|---|---|---|---|---|",
    ]
    for file in sorted(CURVES.glob("*.json")):
        lines += compare(file.stem, options.seeds)
    print("\n".join(lines))
    if options.record:
        (HERE / "results" / "proposals.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
