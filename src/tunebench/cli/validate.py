"""`tunebench validate`."""

from __future__ import annotations

import typer

from tunebench.cli.arguments import DataRoot, Overrides, SpaceFile


def validate(space: SpaceFile, data: DataRoot = None, overrides: Overrides = None) -> None:
    """Check a file and the space that it declares, without training anything.

    Example: tunebench validate search_spaces/demo.yaml
    """
    from tunebench.app.load import load_experiment
    from tunebench.app.plan import signal_of
    from tunebench.space.feasible import check_feasible

    experiment = load_experiment(space, overrides=overrides or [], data_root=data)
    check_feasible(experiment.space, signal_of(experiment))
    root = experiment.data.root
    if not root.is_dir():
        typer.secho(
            f"warning: data.root: there is no folder {root}; give one with --data DIR",
            fg="yellow",
            err=True,
        )
    typer.echo(f"{space}: ok, {len(experiment.space.tuned())} tuned parameters")
