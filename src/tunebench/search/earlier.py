"""Earlier searches, and what of them can be used in another space."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tunebench.catalog.feasibility import reasons
from tunebench.catalog.spec import Scalar, Signal, Values
from tunebench.errors import InputError
from tunebench.search.observations import Observation
from tunebench.search.records import TrialRecord, rebuild
from tunebench.space import Space
from tunebench.space.adopt import adopt, typed
from tunebench.trial import Status

_SHOWN_REASONS = 5


@dataclass(slots=True)
class Trained:
    """A configuration as the search that trained it names its values.

    `curve` is its score by epoch as far as it is known. It counts as trained for `epochs`, for all that there
    are if it stopped early: its score stands.
    """

    values: Mapping[str, Scalar]
    curve: dict[int, float] = field(default_factory=dict[int, float])
    epochs: int = 0

    def note(self, epoch: int, score: float | None) -> None:
        """Take a score that is a number."""
        if score is not None and math.isfinite(score):
            self.curve[epoch] = score


@dataclass(frozen=True, slots=True)
class EarlierSearch:
    """A search by the name that it is given in the file. `data` is the digest of what it was trained on."""

    name: str
    objective: str
    data: str
    configurations: Sequence[Trained]


def of_journal(events: Iterable[Mapping[str, object]], objective: str) -> list[Trained]:
    """The configurations that a journal holds a result of, scored by any metric that it holds."""
    ended = [record for record in rebuild(events).trials.values() if _worked(record)]
    longest = max((record.request.epochs_to for record in ended), default=0)
    found: dict[str, Trained] = {}
    for record in ended:
        request, result = record.request, record.result
        trained = found.setdefault(request.configuration, Trained(request.values))
        stopped = result is not None and result.status is Status.STOPPED
        trained.epochs = max(trained.epochs, longest if stopped else request.epochs_to)
        for epoch, told in record.epochs.items():
            trained.note(epoch, told.metrics.get(objective))
    return list(found.values())


def of_table(rows: Sequence[Mapping[str, str]], objective: str, *, scored_by: str) -> list[Trained]:
    """The configurations of a `trials.csv` whose scores are of the objective `scored_by`.

    Raises:
        KeyError, ValueError: it is no such table.
    """
    ended = [row for row in rows if row["status"] != Status.FAILED and row["score"]]
    longest = max((int(row["epochs_to"]) for row in ended), default=0)
    found: dict[str, Trained] = {}
    for row in ended:
        texts = {name.removeprefix("p."): text for name, text in row.items() if name.startswith("p.")}
        trained = found.setdefault(row["configuration"], Trained(typed(texts)))
        last = int(row["epochs_to"])
        trained.epochs = max(trained.epochs, longest if row["status"] == Status.STOPPED else last)
        if scored_by == objective:
            trained.note(int(row["best_epoch"]), float(row["score"]))
        elif row.get(objective):
            trained.note(last, float(row[objective]))
    return list(found.values())


def observe(
    searches: Sequence[EarlierSearch], space: Space, signal: Signal, objective: str
) -> tuple[list[Observation], list[int]]:
    """What can be used of earlier searches, each configuration once, and how many of each search can be.

    Of those that stand in several, the longest trained is taken. None counts as comparable yet.

    Raises:
        InputError: a search holds no result, or none of all their configurations can be used; says why.
    """
    found: dict[str, Observation] = {}
    usable = [0] * len(searches)
    why: Counter[str] = Counter()
    for source, search in enumerate(searches):
        if not search.configurations:
            raise InputError(
                f"search.warm_start: {search.name} holds no result yet; run it first, or leave it out."
            )
        for trained in search.configurations:
            try:
                values = _usable(trained, space, signal, objective)
            except ValueError as error:
                why[str(error)] += 1
                continue
            usable[source] += 1
            key = json.dumps(values)
            if key not in found or found[key].epochs < trained.epochs:
                found[key] = Observation(
                    values, trained.curve, trained.epochs, comparable=False, source=source
                )
    if searches and not found:
        names, count = ", ".join(search.name for search in searches), why.total()
        lines = "\n".join(f"  {n:,} times: {reason}" for reason, n in why.most_common(_SHOWN_REASONS))
        raise InputError(
            f"search.warm_start: none of the {count:,} configurations of {names} can be used here:\n{lines}\n"
            "Widen the space to where they lie, or leave out search.warm_start."
        )
    return list(found.values()), usable


def _usable(trained: Trained, space: Space, signal: Signal, objective: str) -> Values:
    if not trained.curve:
        raise ValueError(f"{objective} is not known of it")
    values = adopt(space, trained.values)
    for reason in reasons(values, signal):
        raise ValueError(reason)
    return values


def _worked(record: TrialRecord) -> bool:
    result = record.result
    return result is not None and result.status is not Status.FAILED and result.score is not None
