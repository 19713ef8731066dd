import json

import numpy as np
import pytest

from tunebench.errors import StorageError
from tunebench.evaluation.test_side import count_read, evaluate_side
from tunebench.evaluation.winner import rank, repeat_requests
from tunebench.search.records import Records, TrialRecord
from tunebench.trial import Status, TrialRequest, TrialResult


def record(configuration: str, score: float | None, *, kind="trial", name="", epochs=9) -> TrialRecord:
    trial = name or f"{configuration}-{kind}"
    request = TrialRequest(
        trial, configuration, {"learning_rate": 0.1}, 0, epochs, 1, configuration, kind=kind
    )
    status = Status.FAILED if score is None else Status.COMPLETED
    metrics = {} if score is None else {"val_accuracy": score, "loss": 0.1}
    result = TrialResult(trial, status, epochs, score, 1, metrics)
    return TrialRecord(request, 1, {}, result)


def records(*held: TrialRecord) -> Records:
    return Records(trials={r.request.trial: r for r in held})


def test_the_best_configurations_are_repeated_each_with_seeds_of_its_own():
    found = records(record("c0", 0.5), record("c1", 0.9), record("c2", 0.7), record("c3", None))
    requests = repeat_requests(found, objective="val_accuracy", finalists=2, repeats=3, epochs=9, seed=4)
    assert [r.trial for r in requests] == ["c1-r0", "c1-r1", "c1-r2", "c2-r0", "c2-r1", "c2-r2"]
    assert len({r.seed for r in requests}) == 6
    assert {(r.epochs_from, r.epochs_to, r.kind) for r in requests} == {(0, 9, "repeat")}


def test_a_configuration_stands_once_on_the_board_with_its_best_trial():
    found = records(
        record("c0", 0.5, name="0"), record("c0", 0.8, name="1"), record("c1", 0.6, name="2"),
        record("c2", 0.8, name="3", epochs=27),
    )  # fmt: skip
    board = found.leaderboard("val_accuracy")
    assert [(r.request.configuration, r.result.score) for r in board] == [
        ("c2", 0.8),
        ("c0", 0.8),
        ("c1", 0.6),
    ]
    assert [r.request.configuration for r in found.leaderboard("val_loss")] == ["c0", "c1", "c2"]


def repeats(scores: dict[str, list[float | None]]) -> dict[str, TrialRecord]:
    return {
        f"{c}-r{i}": record(c, score, kind="repeat", name=f"{c}-r{i}")
        for c, held in scores.items()
        for i, score in enumerate(held)
    }


def test_finalists_are_ranked_by_their_mean_and_represented_by_their_median():
    ranked = rank(repeats({"lucky": [0.95, 0.5, 0.5], "steady": [0.8, 0.7, 0.75]}), "val_accuracy")
    assert [f.configuration for f in ranked] == ["steady", "lucky"]
    assert ranked[0].representative.trial == "steady-r2"
    spread = ranked[0].validation["val_accuracy"]
    assert (spread.mean, spread.std, spread.repeats) == (pytest.approx(0.75), pytest.approx(0.05), 3)
    assert set(ranked[0].validation) == {"val_accuracy"}


def test_failed_repeats_are_left_out():
    ranked = rank(repeats({"a": [None, 0.6], "b": [None, None]}), "val_accuracy")
    assert [(f.configuration, f.validation["val_accuracy"].repeats) for f in ranked] == [("a", 1)]


def test_a_loss_is_ranked_the_other_way():
    held = repeats({"a": [0.4], "b": [0.2]})
    assert [f.configuration for f in rank(held, "val_loss")] == ["b", "a"]


def test_the_test_side_by_segment_and_by_track():
    rng = np.random.default_rng(0)
    tracks = np.repeat(np.arange(30), 4)
    labels = tracks % 3
    probabilities = 0.6 * rng.dirichlet(np.ones(3), 120) + 0.4 * np.eye(3)[labels]
    groups = np.arange(30) // 2
    found = evaluate_side(probabilities, labels, tracks, groups, ["a", "b", "c"], seed=1)
    predicted = probabilities.argmax(axis=1)
    assert found.segment["accuracy"].value == pytest.approx((predicted == labels).mean())
    assert found.track["accuracy"].value >= found.segment["accuracy"].value
    for level in (found.segment, found.track):
        for interval in level.values():
            assert interval.low <= interval.value <= interval.high
    assert found.confusion.sum() == 30
    assert [row.support for row in found.classes] == [10, 10, 10]
    assert found.track["macro_recall"].value == pytest.approx(np.mean([row.recall for row in found.classes]))


def test_every_read_of_a_test_side_is_counted_across_searches(tmp_path):
    ledger = tmp_path / "reads.jsonl"
    assert [count_read(ledger, "split", "one"), count_read(ledger, "other", "one")] == [1, 1]
    assert count_read(ledger, "split", "two") == 2
    assert [json.loads(line)["search"] for line in ledger.read_text().splitlines()] == ["one", "one", "two"]


def test_half_a_line_in_the_ledger_is_passed_over(tmp_path):
    ledger = tmp_path / "reads.jsonl"
    count_read(ledger, "split", "one")
    with ledger.open("ab") as file:
        file.write(b'{"split_hash": "spl')
    assert count_read(ledger, "split", "two") == 2
    assert count_read(ledger, "split", "three") == 3


def test_a_ledger_that_cannot_be_written_keeps_the_test_side_unread(tmp_path):
    (tmp_path / "reads.jsonl").mkdir()
    with pytest.raises(StorageError, match="counts how often test sides were read"):
        count_read(tmp_path / "reads.jsonl", "split", "one")
