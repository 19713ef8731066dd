"""Ray actors that die, hang, are sent their audio, or find no room."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.executors.test_conformance import asked, drive
from tests.training.configurations import AUGMENTED

from tunebench.audio.store import Store
from tunebench.errors import InputError
from tunebench.executors import ray_cluster
from tunebench.executors.ray_cluster import RayExecutor
from tunebench.executors.ray_nodes import join, places, share
from tunebench.executors.recipe import Recipe
from tunebench.search.protocols import Lost

Make = Callable[..., RayExecutor]


def test_an_actor_that_is_killed_costs_one_attempt(rays: Make) -> None:
    executor, heard = rays(1), []
    _, undisturbed = drive(executor, [asked(7)])
    one = asked(0)

    def kill_in_the_second_epoch(trial, record):
        heard.append(record)
        if record.epoch == 1:
            os.kill(executor._workers[0].place.pid, signal.SIGKILL)

    executor.submit(one)
    lost = executor.wait(kill_in_the_second_epoch)
    assert isinstance(lost, Lost)
    assert lost.trial == "t0"
    assert "worker process has died" in lost.reason
    _, epochs = drive(executor, [one])
    assert {r.epoch: r.metrics for r in heard} | {r.epoch: r.metrics for r in epochs["t0"]} == {
        r.epoch: r.metrics for r in undisturbed["t7"]
    }


def test_an_actor_that_hangs_is_replaced(rays: Make) -> None:
    executor = rays(1, hung_after_s=3.0)
    drive(executor, [asked(0)])  # its structure is compiled by now
    os.kill(executor._workers[0].place.pid, signal.SIGSTOP)
    executor.submit(asked(1))
    lost = executor.wait(lambda trial, record: None)
    assert isinstance(lost, Lost)
    assert "no epoch ended for 0.1 min" in lost.reason
    assert not executor._workers


def test_an_actor_that_hangs_before_its_first_trial_is_replaced(
    rays: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, stopped = rays(1, hung_after_s=3.0), []
    go_on = executor._go_on

    def stop_the_first(worker) -> None:
        go_on(worker)
        if not stopped:
            stopped.append(worker.place.pid)
            os.kill(worker.place.pid, signal.SIGSTOP)
            worker.heard_at -= ray_cluster._READY_WITHIN_S - 1.0

    monkeypatch.setattr(executor, "_go_on", stop_the_first)
    results, _ = drive(executor, [asked(0)])
    assert results["t0"].message == ""
    assert executor._workers[0].place.pid != stopped[0]


def test_idle_actors_that_died_are_not_handed_a_trial(rays: Make) -> None:
    executor = rays(2)
    drive(executor, [asked(0), asked(1)])
    places = [worker.place.pid for worker in executor._workers]
    assert len(places) == 2
    executor.submit(asked(2))
    for pid in places:
        os.kill(pid, signal.SIGKILL)
    lost = executor.wait(lambda trial, record: None)
    assert isinstance(lost, Lost)
    assert executor._workers == []


class HiddenStore(Store):
    """A store on a disk that only the driver has."""

    def __reduce__(self) -> tuple[type[Store], tuple[Path]]:
        return Store, (Path("/nowhere"),)


def test_audio_is_sent_to_nodes_that_cannot_see_it(
    rays: Make, recipe: Recipe, ray_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, seen = drive(rays(1), [asked(0, **AUGMENTED)])
    monkeypatch.setattr(ray_cluster, "_BLOCK_SAMPLES", 10_000)  # several blocks
    corpus = recipe.data.corpus
    hidden = replace(recipe.data, corpus=replace(corpus, store=HiddenStore(corpus.store.root)))
    _, sent = drive(rays(1, recipe=replace(recipe, data=hidden)), [asked(1, **AUGMENTED)])
    assert sent["t1"] == seen["t0"]
    there = Store(ray_here)
    assert recipe.data.variants
    assert all(there.samples(key) == samples for key, samples in recipe.data.audio())


def test_other_versions_on_a_node_are_refused(rays: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "versions_of", lambda packages: {"numpy": "0.1"})
    executor = rays(1)
    executor.submit(asked(0))
    with pytest.raises(InputError, match=r"the driver has {'numpy': '0.1'}. Install the same versions"):
        executor.wait(lambda trial, record: None)


def test_a_worker_that_fits_nowhere_is_refused(rays: Make, recipe: Recipe) -> None:
    with pytest.raises(InputError, match="no node of the Ray cluster has room for a worker of 64 CPUs"):
        RayExecutor(recipe, workers=1, threads=64)
    with pytest.raises(InputError, match="1 CPUs and 2 GPUs; its nodes have 4 CPUs and 0 GPUs"):
        rays(1, gpus=2)


def test_rays_client_is_refused() -> None:
    with pytest.raises(InputError, match="with --address auto"):
        join(None, "ray://somewhere:10001", cpus=1)


NODES = [{"CPU": 16.0, "GPU": 2.0}, {"CPU": 4.0, "GPU": 1.0}]


def test_workers_are_placed_on_whole_nodes() -> None:
    assert places(NODES, 4, 0) == 5
    assert places(NODES, 4, 1) == 3
    assert places(NODES, 4, 2) == 1
    assert places(NODES, 2, 0.5) == 6
    assert places(NODES, 32, 0) == 0


def test_a_worker_takes_its_part_unless_told() -> None:
    assert share(NODES, 5, None, None) == (4, 1.0)
    assert share(NODES, 1, None, 0.0) == (16, 0.0)
    assert share([{"CPU": 2.0}], 4, None, None) == (1, 0.0)
    assert share(NODES, 5, 3, 0.25) == (3, 0.25)
    assert share([{"CPU": 16.0}, {"CPU": 4.0}], 2, None, None) == (8, 0.0)  # both fit, on the larger node
    assert share([{"CPU": 64.0}, {"CPU": 16.0, "GPU": 4.0}], 4, None, None) == (4, 1.0)


@pytest.mark.parametrize("gpus", [1.5, 1e-5])
def test_an_odd_number_of_gpus_is_refused(recipe: Recipe, gpus: float) -> None:
    with pytest.raises(InputError, match="neither a part of one GPU nor a whole number"):
        RayExecutor(recipe, workers=1, gpus=gpus)
