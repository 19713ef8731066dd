"""`tunebench compare`."""

from __future__ import annotations

from typing import Annotated

import typer


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="Name of a search.")],
    b: Annotated[
        str | None, typer.Argument(metavar="B", help="Name of another, tested on the same tracks.")
    ] = None,
    protocols: Annotated[
        bool,
        typer.Option(
            "--protocols", help="Train the winner of A anew, split by group, track and segment: the leak."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Tracks to name that only one got right.")] = 10,
) -> None:
    """Compare the winners of two searches on the same tracks, or one under several splits.

    Example: tunebench compare mfcc_dense mfcc_cnn
    """
    import json
    from dataclasses import asdict

    from tunebench.errors import InputError

    if (b is None) != protocols:
        raise InputError("write two names, `tunebench compare A B`, or one and --protocols")
    if b is None:
        _compare_protocols(a, as_json)
        return
    from tunebench.app.compare import compare_searches

    found = compare_searches(a, b)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    from rich.console import Console
    from rich.table import Table

    figures, console = found.figures, Console()
    low, high = figures.difference.low, figures.difference.high
    table = Table(title=f"{figures.tracks} {figures.side} tracks in {figures.groups} groups")
    for column in ("", a, b, f"{a} less {b}"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row(
        "accuracy per track", f"{figures.accuracy_a:.3f}", f"{figures.accuracy_b:.3f}",
        f"{figures.difference.value:+.3f} [{low:+.3f}, {high:+.3f}]",
    )  # fmt: skip
    table.add_row("right where the other is wrong", str(figures.only_a), str(figures.only_b), "")
    console.print(table)
    certain = low > 0 or high < 0
    console.print(
        f"McNemar's exact test: p = {figures.p_value:.3g}. The 95% interval over groups "
        f"{'leaves 0 out' if certain else 'holds 0: these tracks do not tell which is better'}.",
        highlight=False,
    )
    for name, leakage, reads in zip((a, b), found.leakage, found.test_reads, strict=True):
        if leakage != "none":
            console.print(f"{name} is leaky: its sides share {leakage}s", style="bold red", highlight=False)
        if reads > 1:
            console.print(f"{name}: the test side was read {reads} times by then", highlight=False)
    for path, label, said_a, said_b in figures.changed[:limit]:
        console.print(
            f"  {path} ({label}): {said_a}, {said_b}", highlight=False, markup=False, soft_wrap=True
        )
    if len(figures.changed) > limit > 0:
        console.print(f"  ... and {len(figures.changed) - limit} more; --limit shows them")


def _compare_protocols(name: str, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from tunebench.app.protocols import compare_protocols

    told = Console(stderr=True)
    results = compare_protocols(
        name, on_protocol=lambda by: told.print(f"training the winner of {name}, split by {by}")
    )
    if as_json:
        typer.echo(json.dumps([asdict(result) for result in results]))
        return
    table = Table(title=f"the winner of {name}, trained and tested under each split")
    for column in ("split by", "sides share", "test accuracy per track", "per segment"):
        table.add_column(column)
    for result in results:
        figures = [f"{i.value:.3f} [{i.low:.3f}, {i.high:.3f}]" for i in (result.track, result.segment)]
        shared = "nothing" if result.leakage == "none" else f"{result.leakage}s"
        table.add_row(result.split_by, shared, *figures)
    Console().print(table)
