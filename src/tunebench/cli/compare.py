"""`tunebench compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tunebench.metrics.intervals import Interval


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
    folds: Annotated[
        bool, typer.Option("--folds", help="Train the winner of A anew on each fold in turn.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Tracks to name that only one got right.")] = 10,
) -> None:
    """Compare the winners of two searches on the same tracks, or one of them under several splits.

    Example: tunebench compare mfcc_dense mfcc_cnn
    """
    import json
    from dataclasses import asdict

    from tunebench.errors import InputError

    if (b is not None) + protocols + folds != 1:
        raise InputError(
            "write two names, `tunebench compare A B`, or one and --protocols, or one and --folds"
        )
    if b is None:
        (_compare_protocols if protocols else _cross_validate)(a, as_json)
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

    from tunebench.app.retrain import compare_protocols

    results = compare_protocols(name, on_training=_told_of(name))
    if as_json:
        typer.echo(json.dumps([asdict(result) for result in results]))
        return
    table = Table(title=f"the winner of {name}, trained and tested under each split")
    for column in ("split by", "sides share", "test accuracy per track", "per segment"):
        table.add_column(column)
    for result in results:
        figures = [_shown(figure) for figure in (result.track, result.segment)]
        shared = "nothing" if result.leakage == "none" else f"{result.leakage}s"
        table.add_row(result.split_by, shared, *figures)
    Console().print(table)


def _cross_validate(name: str, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from tunebench.app.retrain import cross_validate

    result = cross_validate(name, on_training=_told_of(name))
    if as_json:
        typer.echo(json.dumps(asdict(result)))
        return
    table = Table(title=f"the winner of {name}, trained and tested on each fold in turn")
    for column in ("test fold", "sides share", "accuracy per track", "per segment"):
        table.add_column(column)
    rows = zip(result.folds, result.leakage, result.track_accuracy, result.accuracy, strict=True)
    for fold, leakage, track, segment in rows:
        shared = "nothing" if leakage == "none" else f"{leakage}s"
        table.add_row(str(fold), shared, f"{track:.3f}", f"{segment:.3f}")
    table.add_section()
    table.add_row("all", "", _shown(result.track), _shown(result.segment))
    Console().print(table)


def _told_of(name: str) -> Callable[[str], None]:
    from rich.console import Console

    console = Console(stderr=True)
    return lambda what: console.print(f"training the winner of {name}: {what}", highlight=False)


def _shown(figure: Interval) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
