"""`tunebench export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunebench.cli.arguments import SearchName


def export(
    name: SearchName,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="keras, savedmodel, onnx, litert, litert-float16, litert-int8, mlflow or skops.",
        ),
    ] = "savedmodel",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to.")] = Path("export"),
) -> None:
    """Write a search's winner in one format, checked against the trained model.

    Each form is loaded by its own runtime in a fresh process and compared on real clips. NAME may also be a
    bundle's folder or a models:/ address; then the accuracy is not measured anew, and int8 is not offered.

    Example: tunebench export esc10-quick --format onnx --out models/esc10
    """
    from tunebench.app.export import export_model

    typer.echo(export_model(name, format, out))
