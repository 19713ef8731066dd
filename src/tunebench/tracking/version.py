"""What the registry holds: versions of a registered model, and the moves of its alias `champion`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

ALIAS = "champion"

MoveKind = Literal["first", "better", "forced", "rollback"]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a registered model, as its tags describe it; what they lack is None."""

    model: str
    number: int
    created: str
    """UTC, ISO 8601."""
    run_id: str | None
    split_hash: str | None
    test_side: str | None
    """Digest of the test side's corpus and split; `none` where the split keeps no test side."""
    leakage: str | None
    test_reads: int | None
    test_accuracy: Mapping[str, float] | None
    """Per track: `value`, `low` and `high` of its 95% interval."""
    predictions: str | None
    """Name of the file of predictions among its artifacts."""
    decision: str | None
    """Why it became the champion, or did not."""
    forced: str | None
    """Who made it the champion in spite of the comparison, when and why."""


@dataclass(frozen=True, slots=True)
class Move:
    """The alias went from `previous`, None the first time, to `version`. `at` is UTC, ISO 8601."""

    at: str
    version: int
    previous: int | None
    kind: MoveKind
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model: versions newest first, `champion` the one with the alias, moves oldest first."""

    name: str
    versions: tuple[Version, ...]
    champion: int | None
    moves: tuple[Move, ...]

    @property
    def before(self) -> int | None:
        """The version that was champion before the present one and is still there; None if there is none."""
        present = {version.number for version in self.versions} - {self.champion}
        earlier = champions(self.moves, self.champion)
        return next((number for number in reversed(earlier) if number in present), None)


def champions(moves: Sequence[Move], champion: int | None) -> list[int]:
    """The versions that a rollback goes back through, the present champion left out, oldest first.

    After 1, 2 and 3, a rollback to 2, and 4 in its place, they are 1 and 2: what was rolled back does not
    come again. A move that nobody noted (the alias set by hand) is found in `previous` of the next one.
    """
    line: list[int] = []
    for move in moves:
        if move.kind == "rollback":
            while line and line[-1] != move.version:
                line.pop()
            line = line or [move.version]
            continue
        if move.previous is not None and line[-1:] != [move.previous]:
            line.append(move.previous)
        line.append(move.version)
    return line[:-1] if line and line[-1] == champion else line


@dataclass(frozen=True, slots=True)
class Evidence:
    """A version with its predictions as CSV; where there are none, None, and `missing` says why."""

    version: Version
    predictions: str | None
    missing: str = ""


class Verdict(Protocol):
    """Whether a challenger takes the alias, and why or why not: one sentence without a full stop."""

    @property
    def better(self) -> bool:
        """Whether it does."""
        ...

    @property
    def reason(self) -> str:
        """Why."""
        ...


Judge = Callable[[Evidence, Evidence], Verdict]
"""Compares the challenger (first) with the champion."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a version fared: `champion` is the one that holds the alias now, `previous` the one before.

    `champion` is None where somebody took the alias away by hand. `verdict` is the judge's, None where there
    was nothing to compare.
    """

    model: str
    version: int
    champion: int | None
    previous: int | None
    reason: str
    moved: bool
    verdict: Verdict | None = None

    @property
    def address(self) -> str:
        """`models:/<name>@champion` of the champion, `models:/<name>/<version>` of another."""
        if self.version == self.champion:
            return f"models:/{self.model}@{ALIAS}"
        return f"models:/{self.model}/{self.version}"
