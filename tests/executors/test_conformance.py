"""What the loop may rely on, whichever executor it has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.training.configurations import request, values

from tunebench.errors import StorageError
from tunebench.executors.recipe import Recipe
from tunebench.search.protocols import Executor
from tunebench.trial import Status, TrialRequest


def asked(number: int, **changed: object) -> TrialRequest:
    """A trial of its own configuration."""
    common = request(values(**changed), epochs=(0, 3))
    return replace(common, trial=f"t{number}", configuration=f"c{number}", checkpoint=f"c{number}")


def drive(executor: Executor, requests: list[TrialRequest]):
    """Results and epochs by trial, with as many at once as the executor takes."""
    waiting, running, results, epochs = list(requests), 0, {}, {}
    while waiting or running:
        while waiting and running < executor.slots:
            executor.submit(waiting.pop(0))
            running += 1
        result = executor.wait(lambda trial, record: epochs.setdefault(trial, []).append(record))
        running -= 1
        results[result.trial] = result
    return results, epochs


def test_trials_end_with_their_own_results(executor: Executor, recipe: Recipe) -> None:
    requests = [asked(number, learning_rate=1e-3 * (number + 1)) for number in range(3)]
    results, epochs = drive(executor, requests)
    assert set(results) == {"t0", "t1", "t2"}
    for one in requests:
        assert [record.epoch for record in epochs[one.trial]] == [1, 2, 3]
        assert results[one.trial].status is Status.COMPLETED
        assert results[one.trial].score == max(r.metrics["val_accuracy"] for r in epochs[one.trial])
        assert (recipe.checkpoints / one.checkpoint / "state.npz").exists()


def test_a_promoted_trial_goes_on_wherever_it_lands(executor: Executor) -> None:
    first = asked(0)
    drive(executor, [first, asked(1)])
    promoted = replace(first, trial="t2", epochs_from=3, epochs_to=5)
    _, epochs = drive(executor, [asked(3), promoted])
    assert [record.epoch for record in epochs["t2"]] == [4, 5]


def test_a_failing_trial_fails_alone(executor: Executor) -> None:
    results, _ = drive(executor, [asked(0, learning_rate=1e38), asked(1)])
    assert results["t0"].status is Status.FAILED
    assert "the loss is nan" in results["t0"].message
    assert results["t1"].status is Status.COMPLETED


def test_a_full_disk_stops_the_search(executor: Executor, recipe: Recipe) -> None:
    recipe.checkpoints.write_text("a file where a folder should be")
    executor.submit(asked(0))
    with pytest.raises(StorageError, match="cannot write a checkpoint"):
        executor.wait(lambda trial, record: None)
