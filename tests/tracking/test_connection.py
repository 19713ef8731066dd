"""A connection that is lost and found, in simulated time."""

from __future__ import annotations

import pytest

from tunebench.tracking.connection import PAUSES_S, REST_S, Connection


class Far:
    """Is up or down; remembers what happened to it."""

    def __init__(self) -> None:
        self.failures = 0
        self.now_s = 0.0
        self.log: list[str] = []
        self.reports: list[str] = []

    def connect(self) -> Far:
        self.log.append("connect")
        self._answer()
        return self

    def act(self) -> str:
        self.log.append("act")
        self._answer()
        return "done"

    def sleep(self, pause_s: float) -> None:
        self.now_s += pause_s

    def _answer(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("down")

    def connection(self) -> Connection[Far]:
        return Connection(
            connect=self.connect,
            disconnect=lambda far: far.log.append("disconnect"),
            report=lambda error: self.reports.append(str(error)),
            clock=lambda: self.now_s,
            sleep=self.sleep,
        )


@pytest.fixture
def far() -> Far:
    return Far()


def test_connects_once(far):
    connection = far.connection()
    assert connection.call(Far.act) == "done"
    assert connection.call(Far.act) == "done"
    assert far.log == ["connect", "act", "act"]


def test_a_short_failure_is_tried_again_in_silence(far):
    connection = far.connection()
    far.failures = len(PAUSES_S)
    assert connection.call(Far.act) == "done"
    assert far.now_s == sum(PAUSES_S)
    assert far.reports == []


def test_a_long_failure_is_reported_once_and_costs_no_more_time(far):
    connection = far.connection()
    connection.call(Far.act)
    far.failures = 1000
    assert connection.call(Far.act) is None
    assert far.log[-1] == "disconnect"
    before_s, before = far.now_s, len(far.log)
    assert connection.call(Far.act) is None
    assert (far.now_s, len(far.log)) == (before_s, before)
    far.now_s += REST_S
    assert connection.call(Far.act) is None  # one attempt, without pauses
    assert (far.now_s, len(far.log)) == (before_s + REST_S, before + 1)
    assert far.reports == ["down"]


def test_connects_anew_once_it_has_rested(far):
    connection = far.connection()
    far.failures = 1 + len(PAUSES_S)
    connection.call(Far.act)
    far.log.clear()
    far.now_s += REST_S
    assert connection.call(Far.act) == "done"
    assert far.log == ["connect", "act"]


def test_connects_anew_at_once_where_asked_to(far):
    connection = far.connection()
    far.failures = 1 + len(PAUSES_S)
    connection.call(Far.act)
    assert connection.call(Far.act, at_once=True) == "done"
