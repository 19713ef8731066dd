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

    from tunebench.app.leaderboard import leaderboard, short_value, trial_rows

    if as_json:
        for row in trial_rows(name):
            typer.echo(json.dumps(row))
        return
    from rich.console import Console
    from rich.table import Table

    board = leaderboard(name)
    table = Table(title=f"{name}: best of each configuration (leakage: {board.leakage})")
    for column in ("#", board.objective, "epochs", "ms", "MB"):
        table.add_column(column, justify="right")
    table.add_column("configuration")
    table.add_column("tuned values", ratio=1)
    for position, row in enumerate(board.rows[:limit], start=1):
        mark = (" *" if row.configuration == board.winner else "") + (" ◆" if row.on_front else "")
        cost = ("-", "-") if row.cost is None else (f"{row.cost.latency_ms:g}", f"{row.cost.size_mb:.3g}")
        values = "  ".join(short_value(p, row.values[p]) for p in board.tuned if p in row.values)
        table.add_row(
            str(position), f"{row.score:.4f}", str(row.epochs), *cost, row.configuration + mark, values
        )
    console = Console()
    console.print(table)
    if board.winner:
        console.print("* the winner, after the finalists were trained again with other seeds")
    if any(row.on_front for row in board.rows[:limit]):
        console.print(
            "◆ on the Pareto front: no other is as good in score, latency and size, and better in one"
        )
