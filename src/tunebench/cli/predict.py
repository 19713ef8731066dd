"""`tunebench predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tunebench.serving.predictor import Prediction


def predict(
    model: Annotated[str, typer.Argument(help="A bundle's folder, a search's name, or a models:/ address.")],
    audio: Annotated[
        list[Path], typer.Argument(metavar="AUDIO...", help="Audio files of any length and rate.")
    ],
    windows: Annotated[bool, typer.Option("--windows", help="Show each window of each file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file, for machines.")] = False,
    top: Annotated[int, typer.Option(min=1, help="Classes to show.")] = 3,
) -> None:
    """Classify audio files with a model: windows slide over each file, and their probabilities are averaged.

    Example: tunebench predict demo demo/corpus/waltz/*.wav --windows
    """
    import json

    from tunebench.app.models import find_bundle
    from tunebench.app.quiet import import_tensorflow
    from tunebench.errors import DataError

    bundle = find_bundle(model)
    import_tensorflow()
    from tunebench.serving.predictor import Predictor

    predictor = Predictor.load(bundle)
    unreadable = 0
    for path in audio:
        try:
            prediction = predictor.predict(path)
        except DataError as error:
            unreadable += 1
            typer.secho(f"error: {error}", fg="red", err=True)
            continue
        if as_json:
            typer.echo(json.dumps(_fields(prediction, windows=windows)))
            continue
        typer.echo(f"{path}: {_best(prediction.classes, prediction.probabilities, top)}")
        if windows:
            for start_s, row in zip(prediction.window_starts_s, prediction.windows, strict=True):
                typer.echo(f"  {start_s:8.2f} s  {_best(prediction.classes, row, top)}")
    if unreadable:
        raise typer.Exit(2)


def _best(classes: Sequence[str], probabilities: NDArray[np.floating], top: int) -> str:
    order = sorted(range(len(classes)), key=lambda i: -probabilities[i])[:top]
    return "  ".join(f"{classes[i]} {probabilities[i]:.3f}" for i in order)


def _fields(prediction: Prediction, *, windows: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "path": str(prediction.path),
        "probabilities": {
            c: float(p) for c, p in zip(prediction.classes, prediction.probabilities, strict=True)
        },
    }
    if windows:
        fields["windows"] = [
            {"start_s": float(start), "probabilities": [float(p) for p in row]}
            for start, row in zip(prediction.window_starts_s, prediction.windows, strict=True)
        ]
    return fields
