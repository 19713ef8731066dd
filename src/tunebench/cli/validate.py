"""`tunebench validate`."""

from __future__ import annotations

import typer

from tunebench.cli.arguments import DataRoot, Overrides, SpaceFile


def validate(space: SpaceFile, data: DataRoot = None, overrides: Overrides = None) -> None:
    """Check a file and the space that it declares, without training anything.

    Example: tunebench validate search_spaces/demo.yaml
    """
    from tunebench.app.load import load_experiment
    from tunebench.catalog.spec import Signal
    from tunebench.space.feasible import check_feasible

    experiment = load_experiment(space, overrides=overrides or [], data_root=data)
    section = experiment.data
    signal = Signal(section.sample_rate, round(section.segment.seconds * section.sample_rate))
    check_feasible(experiment.space, signal)
    if not section.root.is_dir():
        typer.secho(
            f"warning: data.root: there is no folder {section.root}; give one with --data DIR",
            fg="yellow",
            err=True,
        )
    typer.echo(f"{space}: ok, {len(experiment.space.tuned())} tuned parameters")
