"""Requests on their way through a model: alone, together, left, and failing; and how the way is chosen."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tunebench.serving.runner import Runner, Way, choose

EXAMPLE = np.ones(8, np.float32)


class Model:
    """Says the mean of each window; notes its calls, and waits while it is held."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.sizes: list[int] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        self.threads.append(threading.current_thread().name)
        self.sizes.append(len(windows))
        assert self.free.wait(10)
        if np.isnan(windows).any():
            raise ValueError("it is no sound")
        return windows.mean(axis=1, keepdims=True)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def runner(model: Model) -> Iterator[Runner]:
    made = Runner(lambda threads: model, Way(models=1, threads=1, batch=4))
    yield made
    model.free.set()
    made.close()


def window(value: float) -> np.ndarray:
    return np.full((1, 8), value, np.float32)


def held(runner: Runner, model: Model) -> None:
    """Occupy the runner's thread until the model is set free."""
    model.free.clear()
    runner.submit(window(0.0))
    until = time.perf_counter() + 10
    while not model.sizes and time.perf_counter() < until:
        time.sleep(0.001)


def test_lone_request_is_run_by_its_own_thread(runner: Runner, model: Model) -> None:
    asked = runner.submit(window(3.0), can_wait=True)
    assert asked.done()
    assert asked.result().tolist() == [[3.0]]
    assert model.threads == [threading.current_thread().name]


def test_request_that_cannot_wait_is_run_by_another_thread(runner: Runner, model: Model) -> None:
    assert runner.submit(window(3.0)).result(10).tolist() == [[3.0]]
    assert model.threads == ["runner-0"]


def test_what_waits_goes_together_up_to_the_batch(runner: Runner, model: Model) -> None:
    held(runner, model)
    asked = [runner.submit(window(value), can_wait=True) for value in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert not any(one.done() for one in asked)
    model.free.set()
    assert [one.result(10).item() for one in asked] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert model.sizes == [1, 4, 1]


def test_request_whose_client_left_is_not_run(runner: Runner, model: Model) -> None:
    held(runner, model)
    left, stays = runner.submit(window(1.0)), runner.submit(window(2.0))
    assert left.cancel()
    model.free.set()
    assert stays.result(10).item() == 2.0
    assert model.sizes == [1, 1]
    assert runner.submit(window(4.0)).result(10).item() == 4.0


class Cut:
    """So many windows, which are cut when they are asked for; notes the sizes of parts."""

    def __init__(self, count: int, bad: int | None = None) -> None:
        self.parts: list[int] = []
        self._values = np.arange(count, dtype=np.float32)
        if bad is not None:
            self._values[bad] = np.nan

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, part: slice) -> np.ndarray:
        values = self._values[part]
        self.parts.append(len(values))
        return np.repeat(values[:, None], 8, axis=1)


def test_long_recording_takes_turns_and_is_cut_when_its_turn_comes(runner: Runner, model: Model) -> None:
    held(runner, model)
    long = Cut(11)
    asked = runner.submit(long, can_wait=True)
    clip = runner.submit(window(30.0))
    order: list[str] = []
    asked.add_done_callback(lambda _: order.append("long"))
    clip.add_done_callback(lambda _: order.append("clip"))
    assert long.parts == []
    model.free.set()
    assert asked.result(10).ravel().tolist() == list(range(11))
    assert clip.result(10).item() == 30.0
    assert order == ["clip", "long"]
    assert model.sizes == [1, 4, 4, 4]  # the last part shares its calls with the clip
    assert long.parts == [4, 3, 4]


def test_parts_of_one_recording_run_side_by_side() -> None:
    together = threading.Barrier(2, timeout=10)

    def both(windows: np.ndarray) -> np.ndarray:
        together.wait()
        return windows[:, :1]

    made = Runner(lambda threads: both, Way(models=2, threads=1, batch=2))
    assert made.submit(Cut(4)).result(10).ravel().tolist() == [0.0, 1.0, 2.0, 3.0]
    made.close()


def test_rest_of_a_recording_is_not_run_once_its_client_left(runner: Runner, model: Model) -> None:
    model.free.clear()
    asked = runner.submit(Cut(100))
    until = time.perf_counter() + 10
    while not model.sizes and time.perf_counter() < until:
        time.sleep(0.001)
    assert asked.cancel()
    model.free.set()
    runner.close()
    assert model.sizes == [4]


def test_one_bad_part_fails_the_recording_and_spares_its_neighbour(runner: Runner, model: Model) -> None:
    held(runner, model)
    bad, neighbour = runner.submit(Cut(30, bad=9)), runner.submit(window(1.0))
    model.free.set()
    with pytest.raises(ValueError, match="no sound"):
        bad.result(10)
    assert neighbour.result(10).item() == 1.0
    runner.close()
    assert sum(model.sizes) < 20  # the rest of the bad one was left


def test_closing_answers_what_was_asked_and_takes_no_more(runner: Runner, model: Model) -> None:
    held(runner, model)
    asked = [runner.submit(Cut(9)), runner.submit(window(5.0))]
    runner.close(wait=False)
    with pytest.raises(RuntimeError, match="closed"):
        runner.submit(window(1.0))
    model.free.set()
    assert [len(one.result(10)) for one in asked] == [9, 1]


def test_failure_is_its_requests_alone(runner: Runner, model: Model) -> None:
    with pytest.raises(ValueError, match="no sound"):
        runner.submit(window(np.nan)).result(10)
    with pytest.raises(ValueError, match="no sound"):
        runner.submit(window(np.nan), can_wait=True).result(10)
    assert runner.submit(window(1.0), can_wait=True).done()


def test_batches_are_taken_where_a_call_costs_more_than_a_window() -> None:
    def of_calls(windows: np.ndarray) -> np.ndarray:
        time.sleep(0.01)
        return windows[:, :1]

    def of_windows(windows: np.ndarray) -> np.ndarray:
        time.sleep(0.01 * len(windows))
        return windows[:, :1]

    way, measured = choose(lambda threads: of_calls, EXAMPLE, cores=2)
    assert way.batch == 16
    assert {one.way.batch for one in measured} == {1, 4, 16}
    way, measured = choose(lambda threads: of_windows, EXAMPLE, cores=2)
    assert (way.models, way.batch) == (2, 1)
    assert {one.way.batch for one in measured} == {1, 4}
