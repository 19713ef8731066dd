"""Trials in this process, one after another."""

from __future__ import annotations

from tunebench.search.protocols import EpochListener
from tunebench.training.trainer import Trainer
from tunebench.trial import TrialRequest, TrialResult


class InlineExecutor:
    """Runs a submitted trial when it is waited for."""

    slots = 1
    isolated = False

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._request: TrialRequest | None = None

    def submit(self, request: TrialRequest) -> None:
        """Take the one trial that runs at a time."""
        self._request = request

    def wait(self, on_epoch: EpochListener) -> TrialResult:
        """Run the submitted trial to its end."""
        request, self._request = self._request, None
        if request is None:
            raise RuntimeError("wait() without a submitted trial")
        return self._trainer.run_trial(request, lambda record: on_epoch(request.trial, record))

    def close(self) -> None:
        """Nothing to free."""
