"""A YAML file as an experiment, with what the command line changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunebench import space
from tunebench.space import Experiment


def load_experiment(
    file: Path | str, *, overrides: Sequence[str] = (), data_root: Path | None = None, name: str | None = None
) -> Experiment:
    """Load a file; `overrides` are `path.to.key=value`, and `name` is short for one of them.

    Raises:
        SpaceError: the file or an override is wrong; says where, and what to write instead.
    """
    named = [] if name is None else [f"name={name}"]
    return space.load(file, overrides=[*overrides, *named], data_root=data_root)
