"""A search without training: scores from a formula, failures where the test says."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tunebench.search.protocols import EpochListener, Proposal
from tunebench.space import load
from tunebench.trial import EpochRecord, Status, TrialRequest, TrialResult

SPACE = """
name: simulated
data: {root: nowhere, split: {by: track}}
space:
  spectrogram:
    choice:
      mel: {n_fft: {choice: [512, 1024, 2048]}, n_mels: {int: [32, 256], step: 32}}
      stft: {n_fft: {choice: [512, 1024]}, hop_length: {choice: [256, 1024]}}
  backbone: {choice: {cnn: {filters: {choice: [8, 16]}}}}
  learning_rate: {log_float: [1e-4, 1e-2]}
"""


def experiment(folder: Path, **search: object):
    file = folder / "space.yaml"
    file.write_text(SPACE)
    return load(file, overrides=[f"search.{key}={value}" for key, value in search.items()])


def score(values, epoch: int) -> float:
    """Better for a higher learning rate and more epochs; the same for the same configuration."""
    return min(0.99, values["learning_rate"] * 50 + 0.4 * (1 - 0.9**epoch))


class SimulatedExecutor:
    """Runs `slots` trials at once, ended in the order of submission, or in one that `shuffle` draws."""

    isolated = False

    def __init__(
        self,
        slots: int = 1,
        fails: Callable[[TrialRequest], bool] = lambda request: False,
        shuffle: random.Random | None = None,
    ) -> None:
        self.slots, self._fails, self._shuffle = slots, fails, shuffle
        self._queue: list[TrialRequest] = []
        self.ran: list[TrialRequest] = []

    def submit(self, request: TrialRequest) -> None:
        assert len(self._queue) < self.slots
        self._queue.append(request)

    def wait(self, on_epoch: EpochListener) -> TrialResult:
        request = self._queue.pop(self._shuffle.randrange(len(self._queue)) if self._shuffle else 0)
        self.ran.append(request)
        if self._fails(request):
            return TrialResult(request.trial, Status.FAILED, request.epochs_from, message="planned")
        for epoch in range(request.epochs_from + 1, request.epochs_to + 1):
            on_epoch(request.trial, EpochRecord(epoch, {"val_accuracy": score(request.values, epoch)}))
        reached = score(request.values, request.epochs_to)
        return TrialResult(request.trial, Status.COMPLETED, request.epochs_to, reached, request.epochs_to)

    def close(self) -> None:
        pass


def drain(oracle, fails: Callable[[Proposal], bool] = lambda proposal: False) -> list[tuple[Proposal, bool]]:
    """Ask and tell to the end, one at a time; each proposal with whether it failed."""
    done = []
    while (proposal := oracle.ask()) is not None:
        failed = fails(proposal)
        done.append((proposal, failed))
        if failed:
            oracle.tell(TrialResult(proposal.trial, Status.FAILED, proposal.epochs_from))
        else:
            reached = score(proposal.values, proposal.epochs_to)
            curve = {
                epoch: score(proposal.values, epoch)
                for epoch in range(proposal.epochs_from + 1, proposal.epochs_to + 1)
            }
            oracle.tell(TrialResult(proposal.trial, Status.COMPLETED, proposal.epochs_to, reached), curve)
    return done
