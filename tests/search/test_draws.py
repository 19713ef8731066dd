"""What a search begins with: its priors, what earlier searches found good, draws around the priors."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from tests.search import simulated
from tests.search.test_loop import Killed, KilledJournal, drive, stable

from tunebench.catalog.feasibility import reasons
from tunebench.catalog.spec import Signal
from tunebench.errors import SpaceError
from tunebench.search.journal import Journal
from tunebench.search.oracle import KerasTunerOracle

SIGNAL = Signal(16000, 16000)
PRIORS = {"learning_rate": 3e-4, "spectrogram": "stft", "backbone.choice.cnn.filters": 8}
ALL_PRIORS = {
    **PRIORS,
    "spectrogram.choice.stft.n_fft": 1024,
    "spectrogram.choice.stft.hop_length": 256,
}


def make(tmp_path, priors=None, earlier=(), too_costly=lambda values: None, **search) -> KerasTunerOracle:
    experiment = simulated.experiment(tmp_path, priors=priors, **{"max_epochs": 27, "seed": 1, **search})
    return KerasTunerOracle(
        experiment.space, experiment.search, SIGNAL, earlier=earlier, too_costly=too_costly
    )


def begun(done) -> list:
    return [proposal.values for proposal, _ in done if proposal.rung == 0]


def known(tmp_path, **search) -> list:
    """What another search of the same space left."""
    done = simulated.drain(make(tmp_path, **{"seed": 99, "max_epochs": 9, **search}))
    return simulated.observed(done, comparable=False)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
@pytest.mark.parametrize("algorithm", ["hyperband", "random"])
def test_the_priors_come_first(tmp_path, algorithm, sampler):
    search = {"algorithm": algorithm, "sampler": sampler, "max_trials": 6, "max_epochs": 4}
    first = make(tmp_path, PRIORS, **search).ask()
    assert first.trial == "0000"
    assert (first.values["learning_rate"], first.values["spectrogram"]) == (3e-4, "stft")
    assert first.values["backbone.cnn.filters"] == 8
    for seed in range(20):  # what has no prior is drawn until it can be built: a hop of 1024 over 512 cannot
        values = make(tmp_path, PRIORS, **search | {"seed": seed}).ask().values
        assert not reasons(values, SIGNAL)


def test_half_of_the_others_are_drawn_around_the_priors(tmp_path):
    """Evenly drawn, half have 8 filters and half are stft; around the priors four of five are."""
    values = begun(simulated.drain(make(tmp_path, PRIORS, algorithm="random", max_trials=400)))
    assert len({str(v) for v in values}) == 400
    few = sum(v["backbone.cnn.filters"] == 8 for v in values) / 400
    assert few == pytest.approx((0.5 + 0.8) / 2, abs=0.06)
    low = sum(v["learning_rate"] < 1e-3 for v in values) / 400
    assert low == pytest.approx((0.5 + 0.83) / 2, abs=0.06)


def test_a_space_with_priors_is_used_up_as_one_without(tmp_path, monkeypatch):
    monkeypatch.setattr(simulated, "SPACE", simulated.FEW)
    counts = [
        len(begun(simulated.drain(make(tmp_path, priors, algorithm="random", max_trials=100))))
        for priors in (None, {"learning_rate": 0.002})
    ]
    assert counts[1] >= 18
    assert abs(counts[0] - counts[1]) <= 2


def test_priors_that_are_too_costly_are_an_error(tmp_path):
    def too_costly(values):
        return "it has 8 filters" if values["backbone.cnn.filters"] == 8 else None

    with pytest.raises(
        SpaceError, match=r"configurations that have the priors can be built .* it has 8 filters"
    ):
        make(tmp_path, ALL_PRIORS, too_costly=too_costly).ask()


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_the_best_of_earlier_searches_come_next(tmp_path, sampler):
    """27 configurations begin the first bracket: at most 6 of them are known ones."""
    earlier = known(tmp_path)
    values = begun(simulated.drain(make(tmp_path, ALL_PRIORS, earlier, sampler=sampler, max_epochs=27)))
    ranked = sorted(earlier, key=lambda seen: -max(seen.curve.values()))
    assert values[1:7] == [seen.values for seen in ranked[:6]]
    assert values[7] not in [seen.values for seen in earlier]


def test_what_is_known_twice_or_too_costly_is_passed_over(tmp_path):
    earlier = known(tmp_path)
    ranked = sorted(earlier, key=lambda seen: -max(seen.curve.values()))

    def too_costly(values):
        return "no" if values == ranked[1].values else None

    oracle = make(tmp_path, None, [*earlier, *earlier], too_costly=too_costly)
    values = [oracle.ask().values for _ in range(27)]
    assert values[:6] == [ranked[i].values for i in (0, 2, 3, 4, 5, 6)]
    assert len({str(v) for v in values}) == 27


def test_searches_on_other_data_take_turns(tmp_path):
    first, second = known(tmp_path), known(tmp_path, seed=98)
    second = [
        replace(seen, source=1, curve={e: s / 100 for e, s in seen.curve.items()}) for seen in second
    ]  # scores on harder data
    oracle = make(tmp_path, None, [*first, *second])
    values = [oracle.ask().values for _ in range(6)]
    assert [v in [seen.values for seen in first] for v in values] == [True, False] * 3


@pytest.mark.parametrize("search", [{"algorithm": "hyperband"}, {"algorithm": "random", "max_trials": 24}])
def test_the_table_does_not_depend_on_how_many_work(tmp_path, monkeypatch, search):
    earlier = known(tmp_path)
    monkeypatch.setattr(simulated, "SPACE", simulated.SPACE.replace("1e-2]", "1e-2], prior: 1e-3"))
    alone = drive(tmp_path, Journal(tmp_path / "alone.jsonl"), earlier=earlier, **search)
    for number, slots in enumerate((3, 8)):
        executor = simulated.SimulatedExecutor(slots, shuffle=random.Random(number))
        journal = Journal(tmp_path / f"{number}.jsonl")
        assert stable(drive(tmp_path, journal, executor=executor, earlier=earlier, **search)) == stable(alone)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_killed_search_goes_on_from_its_journal(tmp_path, monkeypatch, sampler):
    earlier = known(tmp_path)
    monkeypatch.setattr(simulated, "SPACE", simulated.SPACE.replace("1e-2]", "1e-2], prior: 1e-3"))
    search = {"sampler": sampler, "earlier": earlier}
    whole = drive(tmp_path, Journal(tmp_path / "whole.jsonl"), **search)
    for after in (2, 40, 90):
        path = tmp_path / f"killed-{after}.jsonl"
        with pytest.raises(Killed):
            drive(tmp_path, KilledJournal(path, after), **search)
        assert stable(drive(tmp_path, Journal(path), **search)) == stable(whole)


def test_infeasible_draws_around_priors_are_drawn_again(tmp_path):
    """A hop of 1024 goes with an FFT of 1024 alone."""
    priors = {**PRIORS, "spectrogram.choice.stft.hop_length": 1024}
    oracle = make(tmp_path, priors, algorithm="random", max_trials=60)
    values = begun(simulated.drain(oracle))
    assert not any(reasons(v, SIGNAL) for v in values)
    assert values[0]["spectrogram.stft.n_fft"] == 1024
    assert Counter(v["spectrogram"] for v in values)["stft"] > 20
    assert oracle.infeasible > 0
