"""Opening a search's folder: new, interrupted, or finished."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tunebench
from tunebench.app.folder import SearchFolder, search_folder, write_atomically
from tunebench.errors import InputError
from tunebench.search.journal import Journal, read
from tunebench.space import Experiment
from tunebench.space.vocabulary import spec_of
from tunebench.training.data import TrainingData

PACKAGES = ("tensorflow", "keras", "keras-tuner", "optuna", "numpy")


def versions() -> dict[str, str]:
    """Versions that the figures of a search depend on."""
    return {"tunebench": tunebench.__version__} | {package: version(package) for package in PACKAGES}


def last_summary(folder: SearchFolder) -> dict[str, Any] | None:
    """The summary of a search that ran to its end or was cut by --max-trials, or None."""
    if not folder.summary.exists():
        return None
    return json.loads(folder.summary.read_text(encoding="utf-8"))


def finished_summary(folder: SearchFolder, experiment: Experiment) -> dict[str, Any] | None:
    """The summary of a search that ran to its end, or None.

    One that `max_hours` or `target` ended goes on where the file now says otherwise.
    """
    summary = last_summary(folder)
    if summary is None or summary["status"] != "completed":
        return None
    ended, now = summary["search"], experiment.search
    if ended.get("ended_by") and (ended["max_hours"], ended["target"]) != (now.max_hours, now.target):
        return None
    return summary


def named_weights(experiment: Experiment) -> list[tuple[str, str]]:
    """Backbones of the space with each `weights` that it may have: random, imagenet or a path."""
    return [
        (path.split(".")[1], str(weights))
        for path, parameter in experiment.space.paths()
        if path.startswith("backbone.") and (spec := spec_of(path)) and spec.type == "path"
        for weights in parameter.values() or ()
    ]


@dataclass(slots=True)
class Session:
    """One process's hold on a search: its folder, its locked journal, and the events so far."""

    folder: SearchFolder
    journal: Journal
    events: list[Mapping[str, Any]]
    search_id: str

    def find(self, event: str) -> Mapping[str, Any] | None:
        """The last event of a kind, or None."""
        return _last(self.events, event)

    def begin(self) -> None:
        """Note that this process goes to work."""
        self.journal.append("session", pid=os.getpid())

    def close(self) -> None:
        """Let another process have the search."""
        self.journal.close()


def open_session(experiment: Experiment, data: TrainingData) -> Session:
    """Take hold of the search's folder: new, interrupted or finished.

    Raises:
        InputError: another process holds it, or it holds another search; says what changed.
        StorageError: the folder cannot be written.
    """
    folder = search_folder(experiment.name)
    journal = Journal(folder.journal)
    try:
        return _enter(folder, journal, experiment, data)
    except BaseException:
        journal.close()
        raise


def _enter(folder: SearchFolder, journal: Journal, experiment: Experiment, data: TrainingData) -> Session:
    events = list(read(folder.journal))
    inputs = {"space": experiment.digest(), "corpus": data.corpus.digest, "split": data.split.hash}
    inputs |= _weights_files(experiment)
    header = _last(events, "search")
    if header is not None:
        # A result stands whatever was installed since; going on with other versions would mix two searches
        finished = finished_summary(folder, experiment) is not None
        _check_identity(folder, header["identity"], inputs if finished else inputs | versions())
        if not finished:
            write_atomically(folder.space, experiment.to_yaml())  # another root, other limits
        return Session(folder, journal, events, header["search_id"])
    write_atomically(folder.space, experiment.to_yaml())
    search_id = uuid.uuid4().hex
    identity = inputs | versions()
    journal.append("search", search_id=search_id, identity=identity, leakage=data.split.leakage)
    return Session(folder, journal, events, search_id)


def check_space(experiment: Experiment, folder: SearchFolder) -> None:
    """Make sure that a search was begun with this file; its audio is not looked at.

    Raises:
        InputError: it was begun with another.
    """
    header = _last(list(read(folder.journal)), "search")
    if header is not None:
        _check_identity(folder, header["identity"], {"space": experiment.digest()})


def _weights_files(experiment: Experiment) -> dict[str, str]:
    """Hash of each weights file that the space names, by its file name."""
    files = [Path(weights).expanduser() for _, weights in named_weights(experiment)]
    return {
        f"weights {file.name}": hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def _last(events: Sequence[Mapping[str, Any]], event: str) -> Mapping[str, Any] | None:
    return next((e for e in reversed(events) if e["event"] == event), None)


def _check_identity(folder: SearchFolder, before: Mapping[str, str], now: Mapping[str, str]) -> None:
    words = {"space": "the YAML file", "corpus": "the audio", "split": "the split"}
    changed = [
        words.get(name) or f"{name} ({before.get(name, 'none')[:12]} then, {now[name][:12]} now)"
        for name in now
        if before.get(name) != now[name]
    ]
    if changed:
        raise InputError(
            f"{folder.path}: this search was begun with something else: {', '.join(changed)} changed since "
            f"(what was run stands in {folder.space}). Undo the change to go on with it, start over with "
            "--fresh (the old run is kept aside), or give this one another name with --name."
        )
