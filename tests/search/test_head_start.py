"""What priors and earlier searches are worth on a synthetic objective, over 20 seeds, and what bad ones cost.

`benchmarks/head_start.py` measures the same with TPE and a longer budget; the figures are in decision 010.
"""

from __future__ import annotations

import statistics

import pytest
from tests.search import simulated

from tunebench.catalog.spec import Signal
from tunebench.search.oracle import KerasTunerOracle

SEEDS = range(20)
FIRST_BRACKET = 21
"""Epochs of 9 configurations for one epoch, 3 for two more, 1 for six more."""


def search(folder, seed: int, *, priors=None, earlier=()):
    experiment = simulated.experiment(folder, text=simulated.HILLY, priors=priors, seed=seed, max_epochs=9)
    oracle = KerasTunerOracle(experiment.space, experiment.search, Signal(16000, 16000), earlier=earlier)
    return simulated.drain(oracle, curve_of=simulated.hilly)


def regrets(runs) -> tuple[float, float]:
    """Mean after the first bracket, and in the end."""
    runs = list(runs)
    return (
        statistics.mean(simulated.regret(run, FIRST_BRACKET) for run in runs),
        statistics.mean(simulated.regret(run) for run in runs),
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> tuple[float, float]:
    folder = tmp_path_factory.mktemp("plain")
    return regrets(search(folder, seed) for seed in SEEDS)


def test_good_priors_help_and_the_worst_cost_little(tmp_path, plain):
    good = regrets(search(tmp_path, seed, priors=simulated.GOOD_PRIORS) for seed in SEEDS)
    bad = regrets(search(tmp_path, seed, priors=simulated.BAD_PRIORS) for seed in SEEDS)
    print(f"none {plain}, good {good}, bad {bad}")
    assert good[0] < 0.8 * plain[0]
    assert good[1] < plain[1]
    assert bad[1] < plain[1] + 0.06


def test_an_earlier_search_helps_and_a_misleading_one_costs_little(tmp_path, plain):
    def upside_down(values, epoch):
        return -simulated.hilly(values, epoch)

    def warm(curve):
        for seed in SEEDS:
            done = search(tmp_path, 100 + seed)
            yield search(tmp_path, seed, earlier=simulated.observed(done, comparable=False, curve=curve))

    helped, misled = regrets(warm(simulated.hilly)), regrets(warm(upside_down))
    print(f"none {plain}, warm {helped}, misled {misled}")
    assert helped[0] < 0.9 * plain[0]
    assert helped[1] < plain[1]
    assert misled[1] < plain[1] + 0.03
