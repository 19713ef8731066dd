"""What a search takes, judged by what earlier ones took."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from tunebench.app.past import estimate_from_past
from tunebench.app.plan import make_plan
from tunebench.space import Experiment, load
from tunebench.trial import Status, TrialResult

COMPILE_S, EPOCH_S = 7.0, 2.0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNEBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def experiment(write_space: Callable[..., Path]) -> Experiment:
    """Two structures of equal share."""
    return load(write_space(("dense_units: 8", "dense_units: {choice: [8, 16]}")))


def leave(
    home: Path, experiment: Experiment, structures, *, name="earlier", host=None, epochs=(1, 3)
) -> Path:
    """A search whose first trial of a structure compiled it; one trial of each number of epochs."""
    folder = home / "experiments" / name
    folder.mkdir(parents=True)
    (folder / "space.yaml").write_text(experiment.to_yaml())
    events, at = [], 1_000.0
    for structure in structures:
        for number, count in enumerate(epochs):
            trial, compile_s = f"{structure}-{number}", COMPILE_S if number == 0 else 0.0
            events.append({"event": "start", "at": at, "trial": trial})
            at += compile_s
            for _ in range(count):
                at += EPOCH_S
                events.append({"event": "epoch", "at": at, "trial": trial})
            seconds = {"build": compile_s, "train": EPOCH_S * count}
            result = TrialResult(
                trial, Status.COMPLETED, count, 0.5, 1, seconds=seconds, structure=structure,
                host=host or platform.node(),
            )  # fmt: skip
            events.append({"event": "result", "at": at, "result": asdict(result)})
    (folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder


def test_seconds_come_from_an_earlier_search(home: Path, experiment: Experiment) -> None:
    plan = make_plan(experiment)
    keys = [structure.key for structure in plan.structures]
    leave(home, experiment, keys)
    found = estimate_from_past(experiment, plan)
    assert found is not None
    assert found.seconds == pytest.approx(2 * COMPILE_S + EPOCH_S * plan.all_epochs)
    assert (found.searches, found.share) == (["earlier"], 1.0)


def test_structures_that_were_not_seen_count_as_the_mean(home: Path, experiment: Experiment) -> None:
    plan = make_plan(experiment)
    seen = next(iter(plan.structures))
    leave(home, experiment, [seen.key, "another-net"], epochs=(3,))
    found = estimate_from_past(experiment, plan)
    assert found is not None
    assert list(found.structures) == [seen]
    assert found.share == pytest.approx(plan.structures[seen] / 1_000)
    assert found.seconds == pytest.approx(2 * COMPILE_S + EPOCH_S * plan.all_epochs)


def test_trials_of_one_epoch_say_at_most_what_the_fastest_took(home: Path, experiment: Experiment) -> None:
    plan = make_plan(experiment)
    leave(home, experiment, [structure.key for structure in plan.structures], epochs=(1, 1))
    found = estimate_from_past(experiment, plan)
    assert found is not None
    assert {cost.epoch_s for cost in found.structures.values()} == {EPOCH_S}
    assert {cost.compile_s for cost in found.structures.values()} == {COMPILE_S}


@pytest.mark.parametrize("other", ["host", "batch size", "data", "structures", "space", "journal", "nothing"])
def test_what_is_not_like_this_search_does_not_count(
    home: Path, experiment: Experiment, write_space: Callable[..., Path], other: str
) -> None:
    plan = make_plan(experiment)
    keys = [structure.key for structure in plan.structures]
    if other == "nothing":
        pass
    elif other == "host":
        leave(home, experiment, keys, host="elsewhere")
    elif other == "structures":
        leave(home, experiment, ["another-net"])
    elif other in ("batch size", "data"):
        changed = ("batch_size: 8", "batch_size: 4") if other == "batch size" else ("0.6", "0.3")
        leave(home, load(write_space(changed)), keys)
    else:
        file = leave(home, experiment, keys) / {"space": "space.yaml", "journal": "journal.jsonl"}[other]
        file.write_text("{: damaged\n")
    assert estimate_from_past(experiment, plan) is None


def test_a_search_that_still_runs_counts_as_far_as_it_is(home: Path, experiment: Experiment) -> None:
    plan = make_plan(experiment)
    journal = leave(home, experiment, [s.key for s in plan.structures]) / "journal.jsonl"
    journal.write_text(journal.read_text()[:-20])  # a torn last line
    assert estimate_from_past(experiment, plan) is not None
