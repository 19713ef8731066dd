"""`tunebench trials`."""

from __future__ import annotations

from typing import Annotated

import typer

from tunebench.cli.arguments import SearchName


def trials(
    name: SearchName,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a trial, for machines.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Configurations to show.")] = 20,
) -> None:
    """Show the leaderboard of a search, running or finished.

    Example: tunebench trials esc10-quick --json | jq .score
    """
    import json

    from tunebench.app.leaderboard import leaderboard, trial_rows

    if as_json:
        for row in trial_rows(name):
            typer.echo(json.dumps(row))
        return
    from rich.console import Console
    from rich.table import Table

    board = leaderboard(name)
    table = Table(title=f"{name}: {board.objective}, best of each configuration (leakage: {board.leakage})")
    for column in ("#", "configuration", board.objective, "epoch", *board.tuned):
        table.add_column(column, justify="right" if column in ("#", board.objective, "epoch") else "left")
    for position, row in enumerate(board.rows[:limit], start=1):
        values = [_short(row.values.get(parameter, "")) for parameter in board.tuned]
        mark = " *" if row.configuration == board.winner else ""
        table.add_row(str(position), row.configuration + mark, f"{row.score:.4f}", str(row.epochs), *values)
    console = Console()
    console.print(table)
    if board.winner:
        console.print("* the winner, after the finalists were trained again with other seeds")


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
