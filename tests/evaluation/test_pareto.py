"""The front of score, latency and size, and its picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebench.evaluation.pareto import Candidate, candidates, front
from tunebench.evaluation.pareto_figure import draw_pareto
from tunebench.search.records import Records, TrialRecord
from tunebench.trial import Cost, Status, TrialRequest, TrialResult

OBJECTIVE = "val_accuracy"


def names(found: list[Candidate], objective: str = OBJECTIVE) -> list[str]:
    return [candidate.configuration for candidate in front(found, objective)]


def record(
    trial: str, configuration: str, score: float | None, cost: Cost | None, n_mels: int = 32
) -> TrialRecord:
    values = {
        "spectrogram": "mel", "spectrogram.mel.n_mels": n_mels, "backbone": "cnn", "learning_rate": 0.1
    }  # fmt: skip
    status = Status.FAILED if score is None else Status.COMPLETED
    result = TrialResult(trial, status, 3, score, 1, structure="cnn-1", cost=cost)
    return TrialRecord(TrialRequest(trial, configuration, values, 0, 3, 1, configuration), 1, {}, result)


def records(*held: TrialRecord) -> Records:
    return Records(trials={r.request.trial: r for r in held})


def test_only_what_nothing_beats_in_all_three_is_on_the_front() -> None:
    found = [
        Candidate("best", 0.9, 10.0, 4.0),
        Candidate("fast", 0.8, 2.0, 4.0),
        Candidate("small", 0.7, 9.0, 1.0),
        Candidate("slower than fast", 0.8, 3.0, 4.0),
        Candidate("worse than best", 0.85, 10.0, 4.0),
        Candidate("like best", 0.9, 10.0, 4.0),
    ]
    assert names(found) == ["fast", "small", "best", "like best"]
    assert names([]) == []


def test_a_loss_is_better_when_it_is_small() -> None:
    found = [Candidate("a", 0.4, 2.0, 1.0), Candidate("b", 0.2, 2.0, 1.0)]
    assert (names(found), names(found, "val_loss")) == (["a"], ["b"])


def test_the_best_trial_of_a_configuration_counts_with_the_cost_of_its_first() -> None:
    cost = Cost(1_000, 0.004, 2.0)
    found = records(
        record("0000", "c0", 0.5, cost), record("0001", "c0", 0.7, None), record("0002", "c1", 0.6, None),
        record("0003", "c2", None, None),
    )  # fmt: skip
    assert candidates(found, OBJECTIVE) == [Candidate("c0", 0.7, 2.0, 0.004)]


def test_what_differs_by_chance_alone_is_equally_fast() -> None:
    """Same net, same front-end: the worse one is not on the front for a lucky measurement."""
    found = records(
        record("0000", "c0", 0.9, Cost(1_000, 0.004, 2.34)),
        record("0001", "c1", 0.8, Cost(1_000, 0.004, 2.05)),
        record("0002", "c2", 0.7, Cost(1_000, 0.004, 9.96)),
        record("0003", "c3", 0.6, Cost(1_000, 0.004, 2.342), n_mels=64),
        record("0004", "c4", 0.5, Cost(1_000, 0.004, 1.0), n_mels=48),
    )
    rows = candidates(found, OBJECTIVE)
    assert [row.latency_ms for row in rows] == [2.3, 2.3, 2.3, 2.3, 1.0]
    assert names(rows) == ["c4", "c0"]


@pytest.mark.parametrize("objective", [OBJECTIVE, "val_loss"])
@pytest.mark.parametrize("count", [1, 2, 40])
def test_any_number_can_be_drawn(tmp_path: Path, count: int, objective: str) -> None:
    found = [Candidate(f"c{n:04d}", n / 50, 1.0 + n**2 / 10, 0.1 + n % 3) for n in range(count)]
    path = draw_pareto(found, objective, tmp_path / "figures" / "pareto.png")
    assert path is not None
    assert path.stat().st_size > 1_000
    same = [Candidate(f"c{n:04d}", 0.5, 1.0, 1.0) for n in range(count)]
    assert draw_pareto(same, objective, path) == path


def test_nothing_is_drawn_where_nothing_was_measured(tmp_path: Path) -> None:
    assert draw_pareto([], OBJECTIVE, tmp_path / "pareto.png") is None
