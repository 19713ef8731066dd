"""`tunebench plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tunebench.cli.arguments import DataRoot, Overrides, SpaceFile

if TYPE_CHECKING:
    from rich.console import Console

    from tunebench.app.estimate import Estimate
    from tunebench.app.past import PastEstimate
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

    Without it, time is told by earlier searches on the same data and machine, where there are any.

    Example: tunebench plan search_spaces/esc10.yaml --measure --data ~/audio/esc10
    """
    from rich.console import Console

    from tunebench.app.load import load_experiment
    from tunebench.app.past import estimate_from_past
    from tunebench.app.plan import make_plan

    experiment = load_experiment(space, overrides=overrides or [], data_root=data)
    found = make_plan(experiment)
    console = Console()
    _print_brackets(found, console)
    _print_space(found, console)
    if not measure:
        _print_past(estimate_from_past(experiment, found), found, console)
    else:
        from tunebench.quiet import import_tensorflow

        import_tensorflow()
        from tunebench.app.estimate import estimate

        cost = estimate(experiment, found)
        console.print(
            f"measured here: about {cost.seconds / 60:.0f} min, {cost.steps_per_epoch} steps an epoch, "
            f"if nothing stops early; {cost.peak_bytes / 2**20:.0f} MiB for the largest classifier; "
            f"{cost.store_bytes / 2**20:.0f} MiB of decoded audio on disk",
            highlight=False,
        )
        _print_structures(cost, found, console)


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
    console.print(f"{count} structure{'' if count == 1 else 's'} to compile:", highlight=False)
    for structure, count in found.structures.most_common():
        console.print(
            f"  {structure.key}: {' x '.join(map(str, structure.input_shape))}, "
            f"dense {structure.dense_units}, {count / found.drawn:.0%} of draws",
            highlight=False,
        )
    if fitted := found.drawn - found.structures.total():
        console.print(
            f"  none for scikit-learn's estimators, {fitted / found.drawn:.0%} of draws", highlight=False
        )


def _print_past(past: PastEstimate | None, found: Plan, console: Console) -> None:
    if past is None:
        console.print("how long it takes: no earlier search on this data and machine says; --measure does")
        return
    seen = f"{len(past.structures)} of {len(found.structures)} structures, {past.share:.0%} of draws"
    console.print(
        f"judged by {', '.join(past.searches)}: about {past.seconds / 60:.0f} min, if nothing stops early "
        f"and one trial runs at a time ({seen}; the others count as their mean)",
        highlight=False,
        soft_wrap=True,
    )
    for structure, cost in past.structures.items():
        console.print(
            f"  {structure.key}: {cost.epoch_s:.2f} s an epoch, {cost.compile_s:.1f} s to compile",
            highlight=False,
        )


def _print_structures(cost: Estimate, found: Plan, console: Console) -> None:
    from rich.table import Table

    table = Table(title="structures, each timed with one front-end; memory in MiB, front-end apart")
    table.add_column("structure")
    for column in ("of draws", "compile s", "epoch s", "weights, gradients, optimizer", "activations", "MiB"):
        table.add_column(column, justify="right")
    for structure, count in found.structures.most_common():
        row = cost.structures[structure]
        cells = (
            row.compile_s,
            row.epoch_s,
            *(size / 2**20 for size in (row.state_bytes, row.activation_bytes, row.peak_bytes)),
        )
        share = f"{count / found.drawn:.0%}"
        table.add_row(
            structure.key, share, *(f"{cell:.3g}" if cell < 10 else f"{cell:.0f}" for cell in cells)
        )
    console.print(table)
