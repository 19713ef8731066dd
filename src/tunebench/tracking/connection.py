"""A connection that may be lost and found again without anybody waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

Far = TypeVar("Far")
Answer = TypeVar("Answer")

PAUSES_S = (0.5, 2.0)
"""Waits between the attempts of one action."""

REST_S = 60.0
"""How long a lost connection is left alone."""


class Connection(Generic[Far]):
    """Calls the far side, and gives up politely.

    An action that fails is tried again after each of `pauses_s`. If it still fails the connection is
    lost: that is reported, once, and actions are dropped for `REST_S`. The next one then connects
    anew. So `connect` has to make up for what was dropped, and an action has to bear being repeated.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], Far],
        disconnect: Callable[[Far], None],
        report: Callable[[Exception], None],
        pauses_s: Sequence[float] = PAUSES_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connect, self._disconnect, self._report = connect, disconnect, report
        self._pauses_s, self._clock, self._sleep = pauses_s, clock, sleep
        self._far: Far | None = None
        self._lost_at: float | None = None
        self._reported = False

    def call(self, action: Callable[[Far], Answer], *, at_once: bool = False) -> Answer | None:
        """Answer of the action, None if the far side is out of reach.

        `at_once` connects anew even where the connection was lost a moment ago.
        """
        if self._lost_at is not None and not at_once and self._clock() - self._lost_at < REST_S:
            return None
        pauses_s = [*self._pauses_s] if self._lost_at is None else []
        while True:
            try:
                if self._far is None:
                    self._far = self._connect()
                answer = action(self._far)
            except Exception as error:  # whatever it is, the search goes on
                if not pauses_s:
                    self._lose(error)
                    return None
                self._sleep(pauses_s.pop(0))
            else:
                self._lost_at = None
                return answer

    def _lose(self, error: Exception) -> None:
        far, self._far = self._far, None
        self._lost_at = self._clock()
        if far is not None:
            with suppress(Exception):
                self._disconnect(far)
        if not self._reported:
            self._reported = True
            self._report(error)
