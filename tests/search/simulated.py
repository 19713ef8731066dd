"""A search without training: scores from a formula, failures where the test says."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path

from tunebench.search.observations import Observation
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

FEW = """
name: few
data: {root: nowhere, split: {by: track}}
space:
  spectrogram: {choice: {mel: {n_mels: {int: [32, 64], step: 8}}}}
  backbone: cnn
  learning_rate: {choice: [0.001, 0.002, 0.003, 0.004]}
"""
"""Twenty configurations."""


def experiment(
    folder: Path, *, text: str | None = None, priors: Mapping[str, object] | None = None, **search: object
):
    file = folder / "space.yaml"
    file.write_text(text or SPACE)
    overrides = [f"search.{key}={value}" for key, value in search.items()]
    return load(file, overrides + [f"space.{path}.prior={value}" for path, value in (priors or {}).items()])


def score(values, epoch: int) -> float:
    """Better for a higher learning rate and more epochs; the same for the same configuration."""
    return min(0.99, values["learning_rate"] * 50 + 0.4 * (1 - 0.9**epoch))


HILLY = SPACE.replace("[1e-4, 1e-2]", "[1e-5, 1e-1]") + "  dropout: {float: [0.0, 0.5]}\n"
GOOD_PRIORS = {"learning_rate": 1e-3, "spectrogram": "mel", "dropout": 0.2}
BAD_PRIORS = {"learning_rate": 1e-1, "spectrogram": "stft", "dropout": 0.5}
"""The worst there are."""


def quality(values) -> float:
    """At most 1: where mel, 160 bands, 16 filters, a learning rate of 2e-3 and a dropout of 0.25 meet."""
    mel = values["spectrogram"] == "mel"
    return (
        1
        - 0.15 * math.log10(values["learning_rate"] / 2e-3) ** 2
        - 1.5 * (values["dropout"] - 0.25) ** 2
        - (0.15 * abs(values["spectrogram.mel.n_mels"] - 160) / 128 if mel else 0.2)
        - 0.05 * (values["backbone.cnn.filters"] == 8)
    )


def hilly(values, epoch: int) -> float:
    """Quality, seen the better the longer it is trained: the first epochs are in favour of high rates."""
    return quality(values) - 0.5 * 0.8**epoch - 0.03 * 0.5**epoch * math.log10(1 / values["learning_rate"])


def regret(done, epochs: float = math.inf) -> float:
    """How much the best that had its full budget lacks, once a search trained so many epochs."""
    spent, best, longest = 0, -math.inf, max(proposal.epochs_to for proposal, _ in done)
    for proposal, _ in done:
        spent += proposal.epochs_to - proposal.epochs_from
        if proposal.epochs_to == longest and spent <= epochs:
            best = max(best, quality(proposal.values))
    return 1 - best


def observed(done, *, comparable: bool, curve=score) -> list[Observation]:
    """What a drained search leaves to another."""
    reached = {}
    for proposal, failed in done:
        if not failed:
            reached[proposal.configuration] = proposal
    return [
        Observation(
            proposal.values,
            {epoch: curve(proposal.values, epoch) for epoch in range(1, proposal.epochs_to + 1)},
            proposal.epochs_to,
            comparable,
        )
        for proposal in reached.values()
    ]


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


def drain(
    oracle, fails: Callable[[Proposal], bool] = lambda proposal: False, curve_of=score
) -> list[tuple[Proposal, bool]]:
    """Ask and tell to the end, one at a time; each proposal with whether it failed."""
    done = []
    while (proposal := oracle.ask()) is not None:
        failed = fails(proposal)
        done.append((proposal, failed))
        if failed:
            oracle.tell(TrialResult(proposal.trial, Status.FAILED, proposal.epochs_from))
        else:
            reached = curve_of(proposal.values, proposal.epochs_to)
            curve = {
                epoch: curve_of(proposal.values, epoch)
                for epoch in range(proposal.epochs_from + 1, proposal.epochs_to + 1)
            }
            oracle.tell(TrialResult(proposal.trial, Status.COMPLETED, proposal.epochs_to, reached), curve)
    return done
