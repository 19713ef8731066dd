"""`tunebench search`."""

from __future__ import annotations

from typing import Annotated

import typer

from tunebench.cli.arguments import DataRoot, Overrides, SpaceFile


def search(
    space: SpaceFile,
    data: DataRoot = None,
    name: Annotated[str | None, typer.Option(help="Name of the search, instead of the file's.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over; what an earlier run left is kept aside.")
    ] = False,
    overrides: Overrides = None,
    max_trials: Annotated[
        int | None, typer.Option(min=1, help="Stop the search after so many trials.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but the result.")] = False,
) -> None:
    """Run the search of a file to its end; an interrupted one goes on by itself.

    Example: tunebench search search_spaces/esc10.yaml --data ~/audio/esc10
    """
    from rich.console import Console

    from tunebench.app.load import load_experiment
    from tunebench.app.search import Options
    from tunebench.app.search import search as run
    from tunebench.cli.progress import ProgressView
    from tunebench.cli.result import print_result

    experiment = load_experiment(space, overrides=overrides or [], data_root=data, name=name)
    console = Console()
    with ProgressView(experiment, console, quiet=quiet) as view:
        summary = run(
            experiment,
            Options(fresh=fresh, max_trials=max_trials),
            listeners=[view],
            on_decode=view.on_decode,
            on_data=view.on_data,
        )
    print_result(summary, console)
