"""A YAML file as an experiment, with what the command line changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunebench import space
from tunebench.space import Experiment


def load_experiment(
    file: Path | str, *, overrides: Sequence[str] = (), data_root: Path | None = None, name: str | None = None
) -> Experiment:
    """Load a file; `overrides` are `path.to.key=value`.

    Raises:
        SpaceError: the file or an override is wrong; says where, and what to write instead.
    """
    return space.load(file, overrides=overrides, data_root=data_root, name=name)
