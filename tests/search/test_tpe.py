from __future__ import annotations

import statistics

import numpy as np
import pytest
from tests.search import simulated

from tunebench.catalog.feasibility import reasons
from tunebench.catalog.spec import Signal
from tunebench.errors import SpaceError
from tunebench.search.observations import Observation
from tunebench.search.oracle import KerasTunerOracle
from tunebench.search.tpe import ENOUGH, TpeProposer
from tunebench.space.keras_tuner import from_hyperparameters, to_keras_tuner

SIGNAL = Signal(16000, 16000)


def make(tmp_path, **search) -> KerasTunerOracle:
    experiment = simulated.experiment(tmp_path, **{"max_epochs": 27, **search})
    return KerasTunerOracle(experiment.space, experiment.search, SIGNAL)


def begun(done) -> list:
    return [proposal for proposal, _ in done if proposal.rung == 0]


@pytest.mark.parametrize("algorithm", ["hyperband", "random"])
def test_proposals_fit_the_space_and_differ(tmp_path, algorithm):
    experiment = simulated.experiment(tmp_path, sampler="tpe")
    done = simulated.drain(make(tmp_path, sampler="tpe", algorithm=algorithm, max_trials=30))
    found = [proposal.values for proposal in begun(done)]
    assert all(experiment.space.contains(values) and not reasons(values, SIGNAL) for values in found)
    assert len({str(values) for values in found}) == len(found)


def test_it_learns_where_the_good_ones_are_and_a_share_stays_random(tmp_path):
    """A score that is the learning rate itself: half of all random draws lie below 1e-3."""
    proposer = TpeProposer(simulated.experiment(tmp_path).space, "max", seed=1)
    for number in range(40):
        values = proposer.propose()
        proposer.begin(f"c{number}", values)
        proposer.end(f"c{number}", values, {27: values["learning_rate"]}, 27)
    rates = [proposer.propose()["learning_rate"] for _ in range(120)]
    assert statistics.median(rates) > 3e-3
    assert 10 <= sum(rate < 1e-3 for rate in rates) <= 40  # a sixth, if TPE never goes there


def test_scores_after_the_same_epochs_are_fitted(tmp_path):
    space = simulated.experiment(tmp_path).space
    proposer = TpeProposer(space, "max", seed=1)
    for number in range(ENOUGH):
        values = proposer.propose()
        proposer.end(f"c{number}", values, {1: 0.5}, 1)
    assert len(proposer._fitted()) == ENOUGH
    for number in range(ENOUGH - 1):
        proposer.end(f"c{number}", values, {2: 0.7, 3: 0.6}, 3)
    assert {score for _, score in proposer._fitted()} == {0.5}
    proposer.end("new", values, {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.9, 9: 0.9}, 9)  # was trained longer at once
    assert [score for _, score in proposer._fitted()] == [0.7] * (ENOUGH - 1) + [0.3]


def test_what_stopped_early_counts_as_trained(tmp_path):
    proposer = TpeProposer(simulated.experiment(tmp_path).space, "max", seed=1)
    for number in range(ENOUGH):
        proposer.end(f"c{number}", proposer.propose(), {1: 0.4, 2: 0.3}, 27)
    assert [score for _, score in proposer._fitted()] == [0.4] * ENOUGH


def test_the_same_history_gives_the_same_proposals(tmp_path):
    runs = [simulated.drain(make(tmp_path, sampler="tpe", seed=3)) for _ in "ab"]
    assert runs[0] == runs[1]


def test_values_cross_to_keras_tuner_and_back(tmp_path):
    space, rng = simulated.experiment(tmp_path).space, np.random.default_rng(0)
    for _ in range(50):
        values = space.sample(rng)
        assert from_hyperparameters(space, to_keras_tuner(space, values)) == values


@pytest.mark.parametrize("algorithm", ["bayesian", "grid"])
def test_algorithms_that_propose_themselves_take_no_sampler(tmp_path, algorithm):
    with pytest.raises(SpaceError, match="cannot be tpe with algorithm"):
        simulated.experiment(tmp_path, sampler="tpe", algorithm=algorithm, max_trials=9)


def seen(space, count: int, *, comparable: bool, source: int = 0, scale: float = 1.0) -> list[Observation]:
    """Earlier results whose score is the learning rate, on data on which scores are of another size."""
    rng = np.random.default_rng(source)
    drawn = [space.sample(rng) for _ in range(count)]
    return [
        Observation(
            v, {1: v["learning_rate"] * scale / 2, 9: v["learning_rate"] * scale}, 9, comparable, source
        )
        for v in drawn
    ]


def test_earlier_results_alone_are_fitted_until_there_are_enough(tmp_path):
    space = simulated.experiment(tmp_path).space
    earlier = seen(space, 30, comparable=False)
    proposer = TpeProposer(space, "max", seed=1, earlier=earlier)
    rates = [proposer.propose()["learning_rate"] for _ in range(60)]
    assert statistics.median(rates) > 2e-3  # of chance: 1e-3
    for number in range(ENOUGH):
        assert [values for values, _ in proposer._fitted()] == [known.values for known in earlier]
        proposer.end(f"c{number}", space.sample(np.random.default_rng(number)), {1: 0.5}, 1)
    assert [score for _, score in proposer._fitted()] == [0.5] * ENOUGH


def test_comparable_results_stay(tmp_path):
    space = simulated.experiment(tmp_path).space
    earlier = [*seen(space, 5, comparable=True), *seen(space, 20, comparable=False, source=1)]
    proposer = TpeProposer(space, "max", seed=1, earlier=earlier)
    for number in range(ENOUGH):
        proposer.end(f"c{number}", proposer.propose(), {1: 0.5}, 1)
    fitted = proposer._fitted()
    assert len(fitted) == ENOUGH + 5
    assert [score for _, score in fitted[ENOUGH:]] == [known.curve[1] for known in earlier[:5]]


def test_searches_on_data_of_different_difficulty_count_alike(tmp_path):
    space = simulated.experiment(tmp_path).space
    easy, hard = seen(space, 10, comparable=False), seen(space, 10, comparable=False, source=1, scale=0.01)
    scores = [score for _, score in TpeProposer(space, "max", 1, [*easy, *hard])._fitted()]
    assert sorted(scores[:10]) == sorted(scores[10:]) == pytest.approx([(n + 0.5) / 10 for n in range(10)])


def test_too_few_earlier_results_are_not_fitted(tmp_path):
    space = simulated.experiment(tmp_path).space
    assert TpeProposer(space, "max", 1, seen(space, ENOUGH - 1, comparable=True))._fitted() is None


def test_the_random_share_is_drawn_around_priors(tmp_path):
    space = simulated.experiment(tmp_path, priors={"learning_rate": 1e-4}).space
    proposer = TpeProposer(space, "max", seed=1)
    rates = [proposer.propose()["learning_rate"] for _ in range(200)]
    assert sum(rate < 10**-3.5 for rate in rates) / 200 == pytest.approx((0.25 + 0.68) / 2, abs=0.08)
