"""`tunebench search`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tunebench.cli.arguments import DataRoot, Overrides, SpaceFile
from tunebench.errors import InputError


class Executor(StrEnum):
    """Where trials run."""

    INLINE = "inline"
    PROCESSES = "processes"
    RAY = "ray"


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
    executor: Annotated[
        Executor, typer.Option(help="Run trials in this process, in processes of their own, or on Ray.")
    ] = Executor.INLINE,
    workers: Annotated[int, typer.Option(min=1, help="Trials at once, where not in this process.")] = 1,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads of each worker; all cores divided by workers if not set."),
    ] = None,
    hung_after: Annotated[
        float | None,
        typer.Option(
            min=0.01, metavar="MINUTES", help="Restart a worker in which no epoch ends for so long."
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Ray cluster, 'auto' or host:port; $RAY_ADDRESS, or this machine alone, if not set."
        ),
    ] = None,
    gpus: Annotated[
        float | None, typer.Option(min=0, help="GPUs of each Ray worker, 0.5 for half of one.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but the result.")] = False,
) -> None:
    """Run the search of a file to its end; an interrupted one goes on by itself.

    Example: tunebench search search_spaces/esc10.yaml --data ~/audio/esc10
    """
    from rich.console import Console

    from tunebench.app.load import load_experiment
    from tunebench.app.options import Options
    from tunebench.app.search import search as run
    from tunebench.cli.progress import ProgressView
    from tunebench.cli.result import print_result
    from tunebench.cli.stopping import Stopping

    if executor is Executor.INLINE and (workers > 1 or threads or hung_after):
        raise InputError("--workers, --threads and --hung-after go with --executor processes or ray: add it")
    if executor is not Executor.RAY and (address or gpus is not None):
        raise InputError("--address and --gpus go with --executor ray: add it")

    experiment = load_experiment(space, overrides=overrides or [], data_root=data, name=name)
    console = Console()
    options = Options(
        fresh=fresh,
        max_trials=max_trials,
        executor=executor.value,
        workers=workers,
        threads=threads,
        hung_after_s=None if hung_after is None else 60 * hung_after,
        address=address,
        gpus=gpus,
    )
    with Stopping() as stopping, ProgressView(experiment, console, quiet=quiet) as view:
        summary = run(
            experiment,
            options,
            listeners=[view, stopping],
            on_decode=view.on_decode,
            on_data=view.on_data,
            on_variants=view.on_variants,
            should_stop=stopping.asked,
        )
    print_result(summary, console)
