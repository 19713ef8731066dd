"""`search.warm_start`: finding earlier searches, and writing into the journal what is used of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunebench import paths
from tunebench.app.folder import SearchFolder, search_folder
from tunebench.app.plan import signal_of
from tunebench.app.session import Session
from tunebench.errors import InputError
from tunebench.search.earlier import EarlierSearch, observe, of_journal, of_table
from tunebench.search.journal import read
from tunebench.search.observations import Observation, from_plain, to_plain
from tunebench.space import Experiment
from tunebench.space.document import Document, Source
from tunebench.space.locate import is_path
from tunebench.space.sections import MLFLOW, SearchSection
from tunebench.space.suggest import nearest
from tunebench.space.text import parse
from tunebench.tracking.info import side_digest
from tunebench.training.data import TrainingData

EVENT = "warm_start"


@dataclass(frozen=True, slots=True)
class Found:
    """What can be used of earlier searches, and how many configurations of each."""

    searches: Sequence[EarlierSearch]
    observations: Sequence[Observation]
    usable: Sequence[int]


def find_earlier(experiment: Experiment, *, fresh: bool) -> Found | None:
    """Read the earlier searches that a file names; None where its own journal says what is used of them.

    Raises:
        InputError: one is unknown, holds no result, or is this search itself; or nothing can be used.
    """
    search, own = experiment.search, search_folder(experiment.name)
    if not search.warm_start or (not fresh and _event(own) is not None):
        return None
    searches = [found for name in search.warm_start for found in _read(name, own, search.objective)]
    observations, usable = observe(searches, experiment.space, signal_of(experiment), search.objective)
    return Found(searches, observations, usable)


def note_earlier(
    found: Found, experiment: Experiment, data: TrainingData, session: Session
) -> list[Mapping[str, Any]]:
    """Journal what was found; returns how many configurations of which search are used."""
    asked = experiment.search.objective, side_digest(data.corpus.digest, data.split.hash, "train")
    comparable = [(search.objective, search.data) == asked for search in found.searches]
    observations = [replace(seen, comparable=comparable[seen.source]) for seen in found.observations]
    sources: list[Mapping[str, Any]] = [
        {"name": search.name, "configurations": len(search.configurations), "usable": n, "comparable": same}
        for search, n, same in zip(found.searches, found.usable, comparable, strict=True)
    ]
    session.journal.append(EVENT, sources=sources, observations=to_plain(observations))
    return sources


def observations_of(experiment: Experiment, session: Session) -> list[Observation]:
    """What the journal says is used of earlier searches, by this process or one before it."""
    if not experiment.search.warm_start:
        return []
    held = _event(session.folder)
    return [] if held is None else from_plain(held["observations"])


def _event(folder: SearchFolder) -> Mapping[str, Any] | None:
    return next((event for event in read(folder.journal) if event["event"] == EVENT), None)


def _read(name: str, own: SearchFolder, objective: str) -> list[EarlierSearch]:
    if name.startswith(MLFLOW):
        from tunebench.tracking.history import read_searches  # late: it imports MLflow

        return read_searches(name, paths.tracking_uri(), objective)
    folder = SearchFolder(Path(name)) if is_path(name) else search_folder(name)
    if folder.path.resolve() == own.path.resolve():
        raise InputError(f"search.warm_start: {name} is this search itself; name another, or leave it out.")
    if folder.journal.is_file():
        return [_of_journal(name, folder, objective)]
    if folder.trials.is_file():
        return [_of_table(name, folder, objective)]
    raise InputError(f"search.warm_start: {_unknown(name)}")


def _of_journal(name: str, folder: SearchFolder, objective: str) -> EarlierSearch:
    events = list(read(folder.journal))
    header = next((event for event in events if event["event"] == "search"), None)
    held = header["identity"] if header else {"corpus": "", "split": ""}
    digest = side_digest(held["corpus"], held["split"], "train")
    return EarlierSearch(name, _objective(folder), digest, of_journal(events, objective))


def _of_table(name: str, folder: SearchFolder, objective: str) -> EarlierSearch:
    scored_by, digest = _objective(folder), ""
    try:
        if folder.summary.is_file():
            data = json.loads(folder.summary.read_text(encoding="utf-8"))["data"]
            if "corpus_digest" in data:  # records of before it was noted cannot be compared
                digest = side_digest(data["corpus_digest"], data["split_hash"], "train")
        with folder.trials.open(encoding="utf-8", newline="") as file:
            trained = of_table(list(csv.DictReader(file)), objective, scored_by=scored_by)
    except (KeyError, ValueError) as error:
        raise InputError(
            f"search.warm_start: {folder.trials} is no table of trials ({error}); "
            "name the folder of a search, or leave it out."
        ) from error
    return EarlierSearch(name, scored_by, digest, trained)


def _objective(folder: SearchFolder) -> str:
    """The objective of the file as run; nothing else of it must be readable by this version."""
    default = str(SearchSection.model_fields["objective"].default)
    if not folder.space.is_file():
        raise InputError(
            f"search.warm_start: {folder.path} holds no {folder.space.name}, so no search ran there"
        )
    source = Source(str(folder.space), folder.path)
    held = Document(parse(folder.space.read_text(encoding="utf-8"), source)).get(("search", "objective"))
    return str(held or default)


def _unknown(name: str) -> str:
    if is_path(name):
        return f"{name} is no folder of a search: it holds neither journal.jsonl nor trials.csv."
    parent = paths.experiments()
    known = sorted(path.parent.name for path in parent.glob("*/journal.jsonl"))
    close = nearest(name, known)
    there = f"did you mean {close}?" if close else f"there are: {', '.join(known) or 'none'}."
    return (
        f"no search named '{name}' in {parent}; {there} A folder elsewhere is written with a slash: ./{name}"
    )
