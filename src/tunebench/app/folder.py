"""The folder that a search leaves behind."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tunebench import paths
from tunebench.errors import InputError, StorageError
from tunebench.search.journal import Journal


@dataclass(frozen=True, slots=True)
class SearchFolder:
    """`experiments/<name>/` and the names of what stands in it."""

    path: Path

    @property
    def space(self) -> Path:
        """The file as run, every default written out."""
        return self.path / "space.yaml"

    @property
    def journal(self) -> Path:
        """The append-only record."""
        return self.path / "journal.jsonl"

    @property
    def trials(self) -> Path:
        """One row per trial."""
        return self.path / "trials.csv"

    @property
    def summary(self) -> Path:
        """The result."""
        return self.path / "summary.json"

    @property
    def checkpoints(self) -> Path:
        """One folder a configuration."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """Pictures of the result."""
        return self.path / "figures"

    @property
    def study(self) -> Path:
        """All configurations as an Optuna study."""
        return self.path / "study.db"

    @property
    def predictions(self) -> Path:
        """What the winner said of each track of the validation and the test side."""
        return self.path / "predictions.csv"

    @property
    def report(self) -> Path:
        """All of it on one page."""
        return self.path / "report.html"

    @property
    def logs(self) -> Path:
        """What worker processes write to their terminal."""
        return self.path / "logs"

    @property
    def winner(self) -> Path:
        """The exported bundle."""
        return self.path / "winner"

    @property
    def target(self) -> Path:
        """The winner in the form that `target` asks for."""
        return self.path / "target"

    def set_aside(self) -> Path | None:
        """Move what is there to a folder named by the time, and return it; None if there was nothing.

        Raises:
            InputError: a process is at work in it.
            StorageError: it cannot be moved.
        """
        if not self.journal.exists():
            return None
        journal = Journal(self.journal)
        try:
            aside = _free(self.path.with_name(f"{self.path.name}.{datetime.now():%Y%m%d-%H%M%S}"))
            self.path.rename(aside)
        except OSError as error:
            raise StorageError(
                f"{self.path}: cannot be set aside ({error.strerror}). Make its parent folder writable, "
                "or give this search another name with --name."
            ) from error
        finally:
            journal.close()
        return aside


def _free(path: Path) -> Path:
    """This path, or the next with a number behind it that is not taken."""
    names = itertools.chain([path], (path.with_name(f"{path.name}-{n}") for n in itertools.count(2)))
    return next(name for name in names if not name.exists())


def search_folder(name: str) -> SearchFolder:
    """The folder of the search of this name, which need not exist."""
    return SearchFolder(paths.experiments() / name)


def existing_folder(name: str) -> SearchFolder:
    """The folder of a search that was begun.

    Raises:
        InputError: there is none; names those that there are.
    """
    folder = search_folder(name)
    if folder.journal.exists():
        return folder
    parent = paths.experiments()
    known = sorted(p.parent.name for p in parent.glob("*/journal.jsonl")) if parent.exists() else []
    there = (
        f"There are: {', '.join(known)}."
        if known
        else "There is none yet: run `tunebench search SPACE.yaml`."
    )
    raise InputError(f"no search named '{name}' in {parent}. {there}")


def write_atomically(path: Path, text: str) -> None:
    """Replace a file whole or not at all.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.partial")  # one name: a killed process leaves no second one
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageError(
            f"{path}: cannot be written ({error.strerror}). Free some space, or choose another folder with "
            "TUNEBENCH_HOME."
        ) from error
