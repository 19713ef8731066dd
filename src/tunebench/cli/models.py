"""`tunebench models`, `tunebench promote` and `tunebench rollback`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from tunebench.evaluation.compare import Comparison
    from tunebench.tracking.version import RegisteredModel, Version

ModelName = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of a registered model: that of a finished search.")
]


def models(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="One registered model, with its versions and history."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a model, for machines.")] = False,
) -> None:
    """Show the registered models: versions, which one is the champion, and what the test said of it.

    Example: tunebench models music
    """
    import json
    from dataclasses import asdict

    from tunebench.app.registry import registered_model, registered_models

    found = registered_models() if name is None else [registered_model(name)]
    if as_json:
        for model in found:
            typer.echo(json.dumps(asdict(model)))
        return
    from rich.console import Console

    console = Console()
    if name is not None:
        _print_one(found[0], console)
    elif found:
        _print_all(found, console)
    else:
        console.print(
            "no registered model yet: run `tunebench search SPACE.yaml`, which registers its winner"
        )


def promote(
    name: ModelName,
    version: Annotated[
        int | None, typer.Argument(metavar="VERSION", min=1, help="The newest one, if not given.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Move the alias whatever the comparison says; this is noted.")
    ] = False,
    because: Annotated[str, typer.Option(metavar="TEXT", help="Why it is forced; kept in the history.")] = "",
) -> None:
    """Compare a version with the champion on the test side, and make it the champion if it is better.

    Better: the 95% interval of the difference in accuracy per track lies wholly above 0.

    Example: tunebench promote music 3
    """
    from rich.console import Console

    from tunebench.app.registry import forcing, promote_model
    from tunebench.errors import InputError
    from tunebench.evaluation.promotion import Decision

    if because and not force:
        raise InputError("--because goes with --force: add it")
    outcome = promote_model(name, version, force=force, because=because)
    console = Console()
    this = f"version {outcome.version} of {name}"
    if outcome.champion == outcome.version and not outcome.moved:
        _say(console, f"{this} is the champion already")
        return
    decision = outcome.verdict
    if isinstance(decision, Decision) and decision.comparison is not None:
        _print_comparison(
            decision.comparison, f"version {outcome.version}", f"version {outcome.previous}", console
        )
    if not outcome.moved:
        raise InputError(
            f"{this} is not the champion, version {outcome.champion} stays it: {outcome.reason}. "
            f"Register a better one with `tunebench search`, or write `{forcing(outcome)}`."
        )
    forced = isinstance(decision, Decision) and not decision.better
    _say(console, f"{this} is the champion{', by force' if forced else ''}: {outcome.reason}")


def rollback(name: ModelName) -> None:
    """Make the version that was the champion before the present one the champion again.

    Once more, and it goes further back.

    Example: tunebench rollback music
    """
    from rich.console import Console

    from tunebench.app.registry import rollback_model

    move = rollback_model(name)
    before = "there was none" if move.previous is None else f"version {move.previous} was it"
    _say(Console(), f"version {move.version} of {name} is the champion again; {before}")


def _print_all(found: Sequence[RegisteredModel], console: Console) -> None:
    from rich.table import Table

    table = Table(title="registered models")
    for column in ("name", "versions", "champion", "test accuracy per track", "leakage", "split", "date"):
        table.add_column(column, justify="right" if column in ("versions", "champion") else "left")
    for model in found:
        held = next((version for version in model.versions if version.number == model.champion), None)
        cells = ("-",) * 4 if held is None else _cells(held)
        table.add_row(model.name, str(len(model.versions)), str(model.champion or "-"), *cells)
    console.print(table)


def _print_one(model: RegisteredModel, console: Console) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(model.name))
    for column in ("version", "test accuracy per track", "leakage", "split", "date", "decision"):
        table.add_column(column, justify="right" if column == "version" else "left")
    for version in model.versions:
        mark = " *" if version.number == model.champion else ""
        table.add_row(f"{version.number}{mark}", *_cells(version), escape(version.decision or "-"))
    console.print(table)
    console.print("* the champion" if model.champion else "no champion")
    for move in model.moves:
        before = "" if move.previous is None else f" after {move.previous}"
        _say(console, f"{move.at}  version {move.version}{before}, {move.kind}, by {move.by}: {move.reason}")


def _cells(version: Version) -> tuple[str, str, str, str]:
    accuracy = "-" if version.test_accuracy is None else _interval(version.test_accuracy)
    split = (version.split_hash or "-")[:12]
    return accuracy, version.leakage or "-", split, version.created[:10]


def _interval(found: Mapping[str, float]) -> str:
    return f"{found['value']:.3f} \\[{found['low']:.3f}, {found['high']:.3f}]"


def _print_comparison(found: Comparison, challenger: str, champion: str, console: Console) -> None:
    from rich.table import Table

    difference = found.difference
    table = Table(title=f"{found.tracks} test tracks in {found.groups} groups")
    for column in ("", challenger, champion, "difference"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row(
        "accuracy per track", f"{found.accuracy_a:.3f}", f"{found.accuracy_b:.3f}",
        f"{difference.value:+.3f} \\[{difference.low:+.3f}, {difference.high:+.3f}]",
    )  # fmt: skip
    table.add_row("right where the other is wrong", str(found.only_a), str(found.only_b), "")
    console.print(table)


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
