"""`tunebench export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunebench.cli.arguments import SearchName


def export(
    name: SearchName,
    format: Annotated[str, typer.Option("--format", help="keras or savedmodel.")] = "savedmodel",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to.")] = Path("export"),
) -> None:
    """Write a search's winner in one format, checked against the trained model.

    Example: tunebench export esc10-quick --format keras --out models/esc10
    """
    from tunebench.app.models import find_bundle
    from tunebench.export.formats import export as write

    typer.echo(write(find_bundle(name), format, out))
