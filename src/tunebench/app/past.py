"""What a search will take, judged by earlier searches on the same data and machine."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tunebench import paths, space
from tunebench.app.folder import SearchFolder
from tunebench.app.plan import Plan
from tunebench.catalog.structure import Structure
from tunebench.errors import InputError
from tunebench.search.journal import read
from tunebench.space import Experiment


@dataclass(frozen=True, slots=True)
class PastCost:
    """Seconds of a structure: to compile it once, and for an epoch."""

    compile_s: float
    epoch_s: float


@dataclass(frozen=True, slots=True)
class PastEstimate:
    """An estimate of a whole search, and what it rests on."""

    seconds: float
    searches: list[str]
    structures: dict[Structure, PastCost]
    share: float
    """Of random draws, those whose structure was seen before; the others count as the mean of these."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """`seconds` of one attempt that trained to its end, and when its epochs ended."""

    structure: str
    seconds: float
    ends_s: list[float]


def estimate_from_past(experiment: Experiment, plan: Plan) -> PastEstimate | None:
    """Time of a search from the trials of earlier ones; None where they hold none of its structures.

    They count where their file has the same data section and batch size, and where their trials ran on this
    host. Nothing is imported or decoded for it, so that the data itself is not compared.
    """
    wanted = {structure.key: structure for structure in plan.structures}
    trials: dict[Structure, list[_Trial]] = {}
    searches: list[str] = []
    for journal in sorted(paths.experiments().glob("*/journal.jsonl")):
        folder = SearchFolder(journal.parent)
        held = [trial for trial in _trials(folder, experiment) if trial.structure in wanted]
        searches += [folder.path.name] if held else []
        for trial in held:
            trials.setdefault(wanted[trial.structure], []).append(trial)
    if not trials:
        return None
    costs = {structure: _cost(held) for structure, held in trials.items()}
    covered = sum(plan.structures[structure] for structure in costs)
    epoch_s = sum(plan.structures[s] * cost.epoch_s for s, cost in costs.items()) / covered
    compile_s = statistics.mean(cost.compile_s for cost in costs.values()) * len(plan.structures)
    seconds = compile_s + plan.all_epochs * epoch_s
    return PastEstimate(seconds, searches, costs, covered / plan.structures.total())


def _trials(folder: SearchFolder, experiment: Experiment) -> list[_Trial]:
    """What trained on this host, of a search like this one."""
    try:
        past = space.load(folder.space)
        if past.data != experiment.data or past.training.batch_size != experiment.training.batch_size:
            return []
        return list(_trained(read(folder.journal)))
    except InputError:  # of another version, or damaged: it cannot be asked
        return []


def _trained(events: Iterable[Mapping[str, Any]]) -> Iterator[_Trial]:
    host, ends_s = platform.node(), dict[str, list[float]]()
    for event in events:
        if event["event"] == "start":
            ends_s[event["trial"]] = []
        elif event["event"] == "epoch":
            ends_s[event["trial"]].append(event["at"])
        elif event["event"] == "result":
            result = event["result"]
            ends = ends_s.get(result["trial"])
            if ends and result["host"] == host and result["score"] is not None:
                yield _Trial(result["structure"], sum(result["seconds"].values()), ends)


def _cost(trials: Sequence[_Trial]) -> PastCost:
    """An epoch lasts from the end of the one before it, since a trial's first one may have compiled too."""
    later = [end - start for trial in trials for start, end in pairwise(trial.ends_s)]
    first = [trial.seconds - (trial.ends_s[-1] - trial.ends_s[0]) for trial in trials]
    epoch_s = statistics.mean(later) if later else min(first)
    return PastCost(max(0.0, max(first) - epoch_s), epoch_s)
