"""Checkpoints that are written beside the training."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tunebench.errors import StorageError
from tunebench.training import checkpoint
from tunebench.training.checkpoint import Progress
from tunebench.training.writer import Writer
from tunebench.trial import EpochRecord

THREAD = ThreadPoolExecutor(1)
STATE = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.array(7)}


def record(epoch: int) -> EpochRecord:
    return EpochRecord(epoch, {"val_accuracy": 0.5})


def progress(epoch: int) -> Progress:
    return Progress(epoch=epoch, history=[record(n + 1) for n in range(epoch)])


def test_an_epoch_is_told_once_its_checkpoint_stands(tmp_path: Path) -> None:
    told = []

    def tell(record: EpochRecord) -> None:
        stored = checkpoint.load(tmp_path)
        assert stored is not None
        told.append((record.epoch, stored[1].epoch, threading.current_thread()))

    with Writer(tell, THREAD) as writer:
        for epoch in (1, 2, 3):
            writer.write(record(epoch), tmp_path, STATE, progress(epoch), None)
    here = threading.current_thread()
    assert told == [(1, 1, here), (2, 2, here), (3, 3, here)]
    arrays, stored = checkpoint.load(tmp_path)
    assert stored == progress(3)
    assert all(np.array_equal(arrays[name], STATE[name]) for name in STATE)


def test_it_is_told_between_two_batches_of_the_next_epoch(tmp_path: Path) -> None:
    told = []
    writer = Writer(told.append, THREAD)
    writer.write(record(1), tmp_path, STATE, progress(1), None)
    writer._writing[1].result()
    batches = writer.looked_after(iter("ab"))
    assert next(batches) == "a"
    assert told == [record(1)]
    assert list(batches) == ["b"]
    assert told == [record(1)]


def test_what_changes_while_it_is_written_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, save = threading.Event(), checkpoint.save
    monkeypatch.setattr(checkpoint, "save", lambda *arguments: go.wait(10) and save(*arguments))
    changing = progress(1)
    with Writer(lambda record: None, THREAD) as writer:
        writer.write(record(1), tmp_path, STATE, changing, None)
        changing.epoch += 1
        changing.history.append(record(2))
        go.set()
    assert checkpoint.load(tmp_path)[1] == progress(1)


def test_what_was_trained_before_a_fault_stands(tmp_path: Path) -> None:
    told = []
    with pytest.raises(ZeroDivisionError), Writer(told.append, THREAD) as writer:  # noqa: PT012
        writer.write(record(1), tmp_path, STATE, progress(1), STATE)
        raise ZeroDivisionError
    assert told == [record(1)]
    assert checkpoint.load_best(tmp_path) is not None


def test_a_disk_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    told = []
    writer = Writer(told.append, THREAD)
    writer.write(record(1), blocked, STATE, progress(1), None)
    with pytest.raises(StorageError, match="cannot write a checkpoint"):
        writer.write(record(2), blocked, STATE, progress(2), None)
    assert told == []
