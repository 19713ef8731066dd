import random
from collections import Counter

import pytest
from tests.search import simulated

from tunebench.catalog.feasibility import reasons
from tunebench.catalog.spec import Signal
from tunebench.errors import SpaceError
from tunebench.search.brackets import rungs
from tunebench.search.oracle import KerasTunerOracle
from tunebench.trial import Status, TrialResult

SIGNAL = Signal(16000, 16000)


def make(tmp_path, **search) -> KerasTunerOracle:
    experiment = simulated.experiment(tmp_path, **search)
    return KerasTunerOracle(experiment.space, experiment.search, SIGNAL)


def sizes(done) -> Counter:
    return Counter((p.bracket, p.rung, p.epochs_from, p.epochs_to) for p, _ in done)


@pytest.mark.parametrize(("max_epochs", "min_epochs"), [(9, 1), (27, 1), (27, 3), (10, 1)])
def test_an_undisturbed_hyperband_runs_the_bracket_table(tmp_path, max_epochs, min_epochs):
    done = simulated.drain(make(tmp_path, max_epochs=max_epochs, min_epochs=min_epochs, seed=1))
    table = rungs(max_epochs=max_epochs, factor=3, min_epochs=min_epochs)
    assert sizes(done) == {(r.bracket, r.rung, r.epochs_from, r.epochs_to): r.size for r in table}
    assert min(p.epochs_to for p, _ in done) >= min_epochs


def test_published_budget_of_27_epochs():
    table = rungs(max_epochs=27, factor=3)
    assert (sum(r.size for r in table), sum(r.epochs for r in table)) == (70, 375)


def test_the_best_are_promoted_and_keep_their_configuration(tmp_path):
    done = [p for p, _ in simulated.drain(make(tmp_path, max_epochs=9, seed=1))]
    first = [p for p in done if (p.bracket, p.rung) == (2, 0)]
    second = [p for p in done if (p.bracket, p.rung) == (2, 1)]
    best = sorted(first, key=lambda p: simulated.score(p.values, p.epochs_to), reverse=True)[:3]
    assert {p.configuration for p in second} == {p.configuration for p in best}
    assert all(
        p.values == next(f for f in first if f.configuration == p.configuration).values for p in second
    )


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_failures_of_the_first_rung_cost_no_promotion(tmp_path, share, seed):
    rng = random.Random(seed)
    failing = {}

    def fails(proposal):
        return proposal.rung == 0 and failing.setdefault(proposal.configuration, rng.random() < share)

    done = simulated.drain(make(tmp_path, max_epochs=27, seed=seed), fails)
    table = rungs(max_epochs=27, factor=3)
    completed = Counter((p.bracket, p.rung) for p, failed in done if not failed)
    for rung in table:
        if rung.rung:
            survivors = completed[(rung.bracket, rung.rung - 1)]
            assert completed[(rung.bracket, rung.rung)] == min(rung.size, survivors)


def test_a_failed_full_budget_trial_is_replaced_by_the_next_best(tmp_path):
    failed = []

    def fails(proposal):
        first = proposal.bracket == 2 and proposal.rung == 2 and not failed
        if first:
            failed.append(proposal.configuration)
        return first

    done = simulated.drain(make(tmp_path, max_epochs=9, seed=1), fails)
    last = [(p.configuration, f) for p, f in done if (p.bracket, p.rung) == (2, 2)]
    second = [p for p, _ in done if (p.bracket, p.rung) == (2, 1)]
    ranked = sorted(second, key=lambda p: simulated.score(p.values, p.epochs_to), reverse=True)
    assert last == [(ranked[0].configuration, True), (ranked[1].configuration, False)]


def test_a_rung_in_which_all_fail_ends_its_bracket_and_no_other(tmp_path):
    done = simulated.drain(make(tmp_path, max_epochs=9, seed=1), lambda p: p.bracket == 2)
    completed = Counter((p.bracket, p.rung) for p, failed in done if not failed)
    assert completed == {(1, 0): 5, (1, 1): 2, (0, 0): 3}


@pytest.mark.parametrize("algorithm", ["hyperband", "random", "bayesian", "grid"])
def test_every_proposal_can_be_built_and_redraws_are_counted(tmp_path, algorithm):
    trials = 200 if algorithm == "grid" else 12  # the grid begins with what can be built
    oracle = make(tmp_path, algorithm=algorithm, max_trials=trials, max_epochs=9, seed=5)
    done = simulated.drain(oracle)
    assert all(not reasons(p.values, SIGNAL) for p, _ in done)
    assert oracle.infeasible > 0
    if algorithm != "hyperband":
        assert len(done) == trials


@pytest.mark.parametrize("algorithm", ["hyperband", "random", "grid"])
def test_the_same_seed_asks_for_the_same(tmp_path, algorithm):
    runs = [
        simulated.drain(make(tmp_path, algorithm=algorithm, max_trials=8, max_epochs=9, seed=0)) for _ in "ab"
    ]
    assert runs[0] == runs[1]


def test_seed_zero_is_a_seed_like_any_other(tmp_path):
    first, other = (make(tmp_path, max_epochs=9, seed=seed).ask() for seed in (0, 1))
    assert first != other


def test_parallel_asks_wait_for_the_round(tmp_path):
    """All nine of the first rung are asked for at once; the next ask must wait or open another bracket."""
    oracle = make(tmp_path, max_epochs=9, seed=1)
    asked = [oracle.ask() for _ in range(10)]
    assert [p.rung for p in asked] == [0] * 10
    assert [p.bracket for p in asked] == [2] * 9 + [1]
    for proposal in asked[:9]:
        oracle.tell(TrialResult(proposal.trial, Status.COMPLETED, 1, simulated.score(proposal.values, 1)))
    assert (oracle.ask().bracket, oracle.ask().rung) == (2, 1)


def test_a_space_with_few_points_fills_its_brackets_with_what_there_is(tmp_path):
    file = tmp_path / "few.yaml"
    file.write_text(
        "name: few\ndata: {root: nowhere, split: {by: track}}\n"
        "space: {spectrogram: mel, backbone: cnn, learning_rate: {choice: [0.001, 0.002, 0.003, 0.004]}}\n"
        "search: {max_epochs: 9}\n"
    )
    experiment = simulated.load(file)
    done = simulated.drain(KerasTunerOracle(experiment.space, experiment.search, Signal(16000, 80000)))
    assert sizes(done) == {(2, 0, 0, 1): 4, (2, 1, 1, 3): 3, (2, 2, 3, 9): 1}


def test_what_is_too_costly_is_drawn_again_and_counted(tmp_path):
    experiment = simulated.experiment(tmp_path, max_epochs=9, seed=1)

    def too_costly(values):
        return "it has 16 filters" if values["backbone.cnn.filters"] == 16 else None

    oracle = KerasTunerOracle(experiment.space, experiment.search, SIGNAL, too_costly=too_costly)
    done = simulated.drain(oracle)
    assert {p.values["backbone.cnn.filters"] for p, _ in done} == {8}
    assert oracle.infeasible > 5


def test_constraints_that_nothing_meets_are_an_error(tmp_path):
    experiment = simulated.experiment(tmp_path, max_epochs=9, seed=1)
    oracle = KerasTunerOracle(
        experiment.space, experiment.search, SIGNAL, too_costly=lambda v: "it is too large"
    )
    with pytest.raises(SpaceError, match="the last because it is too large"):
        oracle.ask()


def test_draws_are_those_of_keras_tuner(tmp_path):
    ours, theirs = make(tmp_path, max_epochs=9, seed=1), make(tmp_path, max_epochs=9, seed=1)
    stock = type(theirs._oracle)._random_values
    for _ in range(50):
        assert ours._draws.by_chance() == stock(theirs._oracle)
