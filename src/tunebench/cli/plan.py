"""`tunebench plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tunebench.cli.arguments import DataRoot, Overrides, SpaceFile

if TYPE_CHECKING:
    from rich.console import Console

    from tunebench.app.plan import Plan


def plan(
    space: SpaceFile,
    data: DataRoot = None,
    overrides: Overrides = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Time a few steps of each structure, and estimate the whole.")
    ] = False,
) -> None:
    """Show brackets, configurations, epochs and structures; with --measure, time and memory too.

    Example: tunebench plan search_spaces/esc10.yaml --measure --data ~/audio/esc10
    """
    from rich.console import Console

    from tunebench.app.load import load_experiment
    from tunebench.app.plan import make_plan

    experiment = load_experiment(space, overrides=overrides or [], data_root=data)
    found = make_plan(experiment)
    console = Console()
    _print_brackets(found, console)
    _print_space(found, console)
    if measure:
        from tunebench.app.quiet import import_tensorflow

        import_tensorflow()
        from tunebench.app.estimate import estimate

        cost = estimate(experiment, found)
        console.print(
            f"measured here: about {cost.seconds / 60:.0f} min, {cost.steps_per_epoch} steps an epoch, "
            f"if nothing stops early; at most {cost.peak_bytes / 2**20:.0f} MiB for weights, gradients and "
            f"optimizer of one classifier; {cost.store_bytes / 2**20:.0f} MiB of decoded audio on disk",
            highlight=False,
        )


def _print_brackets(found: Plan, console: Console) -> None:
    from rich.table import Table

    table = Table(title="brackets")
    for column in ("bracket", "rung", "trials", "from epoch", "to epoch", "epochs"):
        table.add_column(column, justify="right")
    for rung in found.rungs:
        cells = (rung.bracket, rung.rung, rung.size, rung.epochs_from, rung.epochs_to, rung.epochs)
        table.add_row(*map(str, cells))
    console.print(table)
    console.print(
        f"{found.configurations} configurations in {found.trials} trials, {found.epochs} epochs; then "
        f"{found.repeats} repeats of the finalists, {found.repeat_epochs} epochs",
        highlight=False,
    )


def _print_space(found: Plan, console: Console) -> None:
    share = found.feasible
    console.print(
        f"{share.infeasible} of {share.draws} random draws cannot be built and are drawn again",
        highlight=False,
    )
    for reason, count in list(share.reasons.items())[:5]:
        console.print(f"  {count} x {reason}", highlight=False, soft_wrap=True)
    count = len(found.structures)
    console.print(f"{count} structure{'s' if count > 1 else ''} to compile:", highlight=False)
    for structure, count in found.structures.most_common():
        console.print(
            f"  {structure.key}: {structure.image_side} x {structure.image_side} x {structure.channels}, "
            f"dense {structure.dense_units}, {count / found.structures.total():.0%} of draws",
            highlight=False,
        )
