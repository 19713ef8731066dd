"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SpaceFile = Annotated[Path, typer.Argument(metavar="SPACE.yaml", help="The file that declares the search.")]
SearchName = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of a search: a folder of experiments/.")
]
DataRoot = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of audio, instead of the file's data.root."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace a value of the file: training.batch_size=16."),
]
