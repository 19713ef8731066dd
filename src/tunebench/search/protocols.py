"""What the loop needs of others: somebody to run trials, and somebody to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tunebench.catalog.spec import Values
from tunebench.search.records import Records
from tunebench.trial import EpochRecord, TrialRequest, TrialResult

EpochListener = Callable[[str, EpochRecord], None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an oracle wants to know next: a configuration trained from one epoch to another."""

    trial: str
    configuration: str
    values: Values
    epochs_from: int
    epochs_to: int
    bracket: int = 0
    rung: int = 0


class Oracle(Protocol):
    """Decides, and knows nothing of processes.

    An oracle of three brackets answers `ask` with bracket 2's nine random configurations for one
    epoch each, one a call. Once enough of them were told back to be sure of the best, the next `ask`
    gives that one again, from epoch 1 to epoch 3. `None` while trials are open means "wait for one of
    them"; `None` while none is open means the search is over. The same calls in the same order give
    the same answers: a journal of them is all that a restart needs.
    """

    infeasible: int
    """Draws rejected so far because they could not be built."""

    def ask(self) -> Proposal | None:
        """The next trial to run."""
        ...

    def tell(self, result: TrialResult, curve: Mapping[int, float] | None = None) -> None:
        """How a trial that was asked ended; `curve` is its score after each of its epochs."""
        ...

    def continuable(self) -> set[str]:
        """Ended configurations that may be asked for again, to be trained further."""
        ...


@dataclass(frozen=True, slots=True)
class Lost:
    """An attempt that ended without a result: its process died or hung. The trial may be tried again."""

    trial: str
    reason: str


class Executor(Protocol):
    """Runs trials. `slots` is how many it runs at once.

    `isolated` says that a trial cannot take the driver with it: where the driver dies, no trial is to blame.
    """

    slots: int
    isolated: bool

    def submit(self, request: TrialRequest) -> None:
        """Take a trial, if a slot is free; does not block."""
        ...

    def wait(self, on_epoch: EpochListener) -> TrialResult | Lost:
        """Block until one of the submitted trials ends; epochs of all are passed on meanwhile.

        Raises:
            StorageError: a worker cannot write or read what it needs; the search must stop.
        """
        ...

    def close(self) -> None:
        """Free what was taken. Open trials are dropped."""
        ...


class Listener:
    """Is told what happens, after it stands in the journal. Does nothing by itself."""

    def on_warm_start(self, sources: Sequence[Mapping[str, Any]]) -> None:
        """What is used of earlier searches: their `name`, `configurations`, `usable` and `comparable`."""

    def on_resume(self, records: Records) -> None:
        """What earlier processes did of this search; told once, before all else."""

    def on_start(self, request: TrialRequest) -> None:
        """A trial begins, or begins again."""

    def on_epoch(self, request: TrialRequest, record: EpochRecord) -> None:
        """An epoch of a trial is done."""

    def on_lost(self, request: TrialRequest, reason: str) -> None:
        """An attempt at a trial ended with its process."""

    def on_result(self, request: TrialRequest, result: TrialResult) -> None:
        """A trial ended."""
