"""Ctrl-C: once to stop after the epoch in flight, twice to stop at once."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Self

import typer

from tunebench.search.protocols import Listener
from tunebench.trial import TrialRequest, TrialResult

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping(Listener):
    """Turns the first interrupt into `asked()` while a trial runs; any other raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self._asked = False
        self._running: set[str] = set()

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._interrupt) for number in SIGNALS}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self) -> bool:
        """Whether to stop when an epoch has ended."""
        return self._asked

    def on_start(self, request: TrialRequest) -> None:
        """A trial runs."""
        self._running.add(request.trial)

    def on_lost(self, request: TrialRequest, reason: str) -> None:
        """It does no longer."""
        self._running.discard(request.trial)

    def on_result(self, request: TrialRequest, result: TrialResult) -> None:
        """It has ended."""
        self._running.discard(request.trial)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._asked or not self._running:
            raise KeyboardInterrupt
        self._asked = True
        typer.echo("stopping after this epoch; once more to stop at once", err=True)
