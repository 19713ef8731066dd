"""`tunebench report`."""

from __future__ import annotations

import typer

from tunebench.cli.arguments import SearchName


def report(name: SearchName) -> None:
    """Write all of a finished search on one HTML page, which opens without a network.

    Example: tunebench report esc10-quick
    """
    from tunebench.app.report import write_report

    typer.echo(write_report(name))
