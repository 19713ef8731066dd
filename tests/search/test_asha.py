import random
from collections import Counter

import pytest
from tests.search import simulated
from tests.search.test_loop import Killed, KilledJournal, drive, stable
from tests.search.test_oracle import make

from tunebench.search.brackets import asha_rungs, planned
from tunebench.search.journal import Journal, read
from tunebench.trial import Status, TrialResult

ASHA = {"algorithm": "asha", "max_epochs": 27, "factor": 3}


def test_its_rungs_cost_about_what_hyperbands_do(tmp_path):
    search = simulated.experiment(tmp_path, **ASHA).search
    table = planned(search)
    assert [(rung.size, rung.epochs_to) for rung in table] == [(125, 1), (41, 3), (13, 9), (4, 27)]
    assert 0.9 < sum(rung.epochs for rung in table) / 375 <= 1
    assert [rung.size for rung in planned(search.model_copy(update={"max_trials": 9}))] == [9, 3, 1, 0]
    assert [r.epochs_to for r in asha_rungs(max_epochs=18, factor=3, min_epochs=2, configurations=9)] == [
        2, 6, 18,
    ]  # fmt: skip


def test_the_best_third_is_promoted_as_soon_as_it_is_known(tmp_path):
    oracle = make(tmp_path, **ASHA, max_trials=9, seed=1)
    asked = []
    while (proposal := oracle.ask()) is not None:
        asked.append((proposal.rung, proposal.epochs_from, proposal.epochs_to))
        score = simulated.score(proposal.values, proposal.epochs_to)
        oracle.tell(TrialResult(proposal.trial, Status.COMPLETED, proposal.epochs_to, score))
    assert asked[3] == (1, 1, 3)  # after three
    assert Counter(rung for rung, *_ in asked)[0] == 9
    assert oracle.continuable() == set()


@pytest.mark.parametrize("slots", [1, 8, 32])
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_every_full_budget_place_is_filled(tmp_path, slots, share):
    rng = random.Random(slots)
    executor = simulated.SimulatedExecutor(slots, lambda request: rng.random() < share, random.Random(3))
    loop = drive(tmp_path, Journal(tmp_path / "journal.jsonl"), executor=executor, **ASHA)
    ended = [record for record in loop.records.trials.values() if record.result is not None]
    assert len(ended) == len(loop.records.trials)
    full = [r for r in ended if r.request.rung == 3 and r.result.status is Status.COMPLETED]
    assert len(full) == 4
    begun = Counter(record.request.rung for record in ended)
    assert all(
        begun[rung.rung] >= rung.size for rung in planned(simulated.experiment(tmp_path, **ASHA).search)
    )
    assert begun[0] == 125
    idle = [event["event"] for event in read(tmp_path / "journal.jsonl")].index("idle") if slots > 1 else None
    if idle is not None:  # nobody waits while there are configurations to begin
        asks = [e for e in list(read(tmp_path / "journal.jsonl"))[:idle] if e["event"] == "ask"]
        assert sum(ask["request"]["rung"] == 0 for ask in asks) == 125


def test_killed_and_taken_up_again_it_is_the_same_with_one_worker(tmp_path):
    asha = {**ASHA, "max_epochs": 9}
    whole = drive(tmp_path, Journal(tmp_path / "whole.jsonl"), **asha)
    events = sum(1 for _ in read(tmp_path / "whole.jsonl"))
    for after in range(0, events, 41):
        path = tmp_path / f"killed-{after}.jsonl"
        with pytest.raises(Killed):
            drive(tmp_path, KilledJournal(path, after), **asha)
        assert stable(drive(tmp_path, Journal(path), **asha)) == stable(whole), after


def test_killed_and_taken_up_again_by_many_it_asks_for_nothing_twice(tmp_path):
    asha = {**ASHA, "max_epochs": 9}
    for after in range(30, 180, 30):
        path = tmp_path / f"killed-{after}.jsonl"
        with pytest.raises(Killed):
            drive(tmp_path, KilledJournal(path, after), slots=8, **asha)
        loop = drive(tmp_path, Journal(path), slots=8, **asha)
        rungs = Counter((r.request.configuration, r.request.rung) for r in loop.records.trials.values())
        assert set(rungs.values()) == {1}
        assert all(record.result is not None for record in loop.records.trials.values())


@pytest.mark.parametrize("slots", [1, 8])
@pytest.mark.parametrize("share", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_promoted_was_kept_until_then(tmp_path, slots, share, seed):
    rng = random.Random(seed)
    kept, counts = [set()], []

    def keep(names) -> None:
        kept.append(set(names))
        counts.append(len(names))

    class Checked(simulated.SimulatedExecutor):
        def submit(self, request) -> None:
            if request.epochs_from:
                assert request.configuration in kept[-1]
            super().submit(request)

    executor = Checked(slots, lambda request: rng.random() < share, random.Random(seed))
    loop = drive(
        tmp_path, Journal(tmp_path / "journal.jsonl"), executor=executor, keep=keep, **{**ASHA, "seed": seed}
    )
    assert max(counts) <= 125 // 3 + 2 * slots
    assert loop.continuable == set()
