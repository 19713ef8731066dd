"""Latencies are measured once, whatever kills the search, and decide the same when it is replayed."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from tests.search import simulated
from tests.search.test_loop import SIGNAL, Killed, KilledJournal

from tunebench.errors import InputError
from tunebench.search.journal import Journal, read
from tunebench.search.latencies import Latencies
from tunebench.search.loop import Loop
from tunebench.search.oracle import KerasTunerOracle

KEYS = ("spectrogram", "spectrogram.mel.n_mels", "backbone.cnn.filters")


def key_of(values) -> str:
    return "/".join(str(values.get(name)) for name in KEYS)


def drive(tmp_path, journal, measure) -> Loop:
    """A search whose candidates may take 5 ms."""
    experiment = simulated.experiment(tmp_path, max_epochs=9, seed=1)
    events = list(read(journal.path))
    loop = Loop(
        executor=simulated.SimulatedExecutor(), journal=journal, events=events, listeners=(), seed=1,
        objective="val_accuracy",
    )  # fmt: skip
    latencies = Latencies(journal, events, key=key_of, measure=measure)

    def too_costly(values):
        latency = latencies.of(values)
        return "too slow" if latency is None or latency > 5 else None

    try:
        loop.search(KerasTunerOracle(experiment.space, experiment.search, SIGNAL, too_costly=too_costly))
    finally:
        journal.close()
    return loop


def no_measure(values):
    raise AssertionError("measured again")


def test_a_search_that_is_killed_at_any_event_goes_on_with_what_it_measured(tmp_path) -> None:
    """No measurement is like the one before it, and yet every replay asks for what was asked for."""
    rng = random.Random(4)
    measure = lambda values: rng.uniform(0, 10)  # noqa: E731
    drive(tmp_path, Journal(tmp_path / "whole.jsonl"), measure)
    for after in range(0, sum(1 for _ in read(tmp_path / "whole.jsonl")), 5):
        path = tmp_path / f"killed-{after}.jsonl"
        try:
            drive(tmp_path, KilledJournal(path, after, torn=after % 2 == 0), measure)
        except Killed:
            loop = drive(tmp_path, Journal(path), measure)
            assert all(record.result for record in loop.records.trials.values())
        events = list(read(path))
        measured = {event["key"]: event["latency_ms"] for event in events if event["event"] == "latency"}
        assert max(Counter(e["key"] for e in events if e["event"] == "latency").values()) == 1
        asked = [e["request"]["values"] for e in events if e["event"] == "ask"]
        assert all(measured[key_of(values)] <= 5 for values in asked)


def test_a_replay_measures_nothing(tmp_path) -> None:
    rng, path = random.Random(4), tmp_path / "journal.jsonl"
    whole = drive(tmp_path, Journal(path), lambda values: rng.uniform(0, 10))
    again = drive(tmp_path, Journal(path), no_measure)
    assert list(again.records.trials) == list(whole.records.trials)


def test_another_measurement_would_be_another_search(tmp_path) -> None:
    path = tmp_path / "journal.jsonl"
    drive(tmp_path, Journal(path), lambda values: 10.0 if values["spectrogram"] == "mel" else 1.0)
    lines = [line for line in path.read_text().splitlines(keepends=True) if '"latency"' not in line]
    path.write_text("".join(lines))
    with pytest.raises(InputError, match="was asked for as"):
        drive(tmp_path, Journal(path), lambda values: 1.0)


def test_what_cannot_be_run_is_journaled_too(tmp_path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")

    def measure(values):
        raise MemoryError("no room\nfor this")

    try:
        values = {"spectrogram": "mel"}
        assert Latencies(journal, (), key=key_of, measure=measure).of(values) is None
        held = list(read(journal.path))
        assert held[0]["message"] == "MemoryError: no room for this"
        assert Latencies(journal, held, key=key_of, measure=no_measure).of(values) is None
    finally:
        journal.close()
