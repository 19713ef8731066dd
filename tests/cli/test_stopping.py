"""Ctrl-C in the middle of trials and between them."""

from __future__ import annotations

import os
import signal

import pytest

from tunebench.cli.stopping import Stopping
from tunebench.trial import Status, TrialRequest, TrialResult

REQUEST = TrialRequest("0000", "c0000", {}, 0, 1, 1, "c0000")
RESULT = TrialResult("0000", Status.FAILED, 0)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_waits_for_the_epoch_and_the_second_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    with Stopping() as stopping:
        stopping.on_start(REQUEST)
        assert not stopping.asked()
        interrupt()
        assert stopping.asked()
        assert "stopping after this epoch" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            interrupt()


@pytest.mark.parametrize("attempts", [1, 5])
def test_nothing_is_waited_for_where_nothing_runs(attempts: int) -> None:
    with Stopping() as stopping:
        for _ in range(attempts):
            stopping.on_start(REQUEST)
            stopping.on_lost(REQUEST, "killed")
        stopping.on_result(REQUEST, RESULT)  # given up, without a start of its own
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        stopping.on_start(REQUEST)
        interrupt()
        assert stopping.asked()


def test_what_was_there_before_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Stopping():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
