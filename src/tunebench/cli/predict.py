"""`tunebench predict`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunebench.cli.answers import Writer
    from tunebench.serving.predictor import Prediction, Predictor

PIPE = Path("-")


def predict(
    model: Annotated[str, typer.Argument(help="A bundle's folder, a search's name, or a models:/ address.")],
    audio: Annotated[
        list[Path],
        typer.Argument(
            metavar="AUDIO...", help="Audio files of any length and rate, folders, or - for a pipe."
        ),
    ],
    windows: Annotated[bool, typer.Option("--windows", help="Show each window of each file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file, for machines.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="A row a file (or a window), a column a class.")
    ] = False,
    top: Annotated[int, typer.Option(min=1, help="Classes to show.")] = 3,
    unsure_below: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Confidence under which an answer is unsure.")
    ] = 0.5,
    plot: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw each file's windows over time into this folder.")
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write each file's embedding to this .npz.")
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="AUDIO is -: raw 16-bit mono samples at the model's rate, live.")
    ] = False,
    form: Annotated[
        str | None, typer.Option(help="Which form of the bundle answers, e.g. onnx; default: the quickest.")
    ] = None,
) -> None:
    """Classify audio files with a model: windows slide over each file, and their probabilities are averaged.

    Example: tunebench predict demo demo/corpus/waltz/*.wav --windows
    """
    from tunebench.app.models import find_bundle
    from tunebench.cli.answers import writer
    from tunebench.errors import InputError
    from tunebench.serving.predictor import Predictor

    if as_json and as_csv:
        raise InputError("--json and --csv: write one of the two.")
    if stream and audio != [PIPE]:
        raise InputError("--stream: reads a pipe; write - in the place of AUDIO.")
    bundle = find_bundle(model)
    if embeddings is not None:
        _check_embeddings(bundle, audio)
    predictor = Predictor.load(bundle, form=form)
    out = writer(
        predictor.bundle.classes,
        windows=windows,
        json=as_json,
        csv=as_csv,
        top=top,
        unsure_below=unsure_below,
    )
    if stream:
        _follow(predictor, out)
        return
    unreadable = 0
    for path, prediction in _predictions(predictor, audio, shown=not sys.stdout.isatty()):
        if prediction is None:
            unreadable += 1
            continue
        out.recording(path, prediction)
        if plot is not None:
            _draw(prediction, predictor, path, plot)
    if embeddings is not None:
        _embed(bundle, audio, embeddings)
    if unreadable:
        raise typer.Exit(2)


def _predictions(
    predictor: Predictor, audio: list[Path], *, shown: bool
) -> Iterator[tuple[Path, Prediction | None]]:
    """Each file with its answer, or None where it was refused, which is said on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    from tunebench.errors import DataError

    files = list(_files(audio))
    console = Console(stderr=True)
    hidden = len(files) < 2 or not shown or not console.is_terminal
    with Progress(console=console, disable=hidden, transient=True) as bar:
        for path in bar.track(files, description="classifying"):
            try:
                yield path, _from_pipe(predictor) if path == PIPE else predictor.predict(path)
            except DataError as error:
                typer.secho(f"error: {error}", fg="red", err=True)
                yield path, None


def _files(audio: list[Path]) -> Iterator[Path]:
    """The files themselves, and those of folders at any depth."""
    from tunebench.audio.folders import audio_files
    from tunebench.errors import InputError

    for path in audio:
        if not path.is_dir():
            yield path
            continue
        found = sorted(audio_files(path))
        if not found:
            raise InputError(f"{path}: holds no audio file. Name a folder with wav, flac, mp3, ... in it.")
        yield from found


def _from_pipe(predictor: Predictor) -> Prediction:
    """What comes through standard input, which must be one whole file of any format."""
    import shutil
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        return predictor.classify(predictor.decode(Path(file.name)), PIPE)


def _follow(predictor: Predictor, out: Writer) -> None:
    from tunebench.serving.stream import stream

    for start_s, probabilities in stream(predictor, sys.stdin.buffer):
        out.window(start_s, probabilities)


def _draw(prediction: Prediction, predictor: Predictor, path: Path, folder: Path) -> None:
    from tunebench.serving.timeline import draw_timeline

    bundle = predictor.bundle
    name = "pipe" if path == PIPE else path.name
    drawn = draw_timeline(
        prediction, bundle.segment_samples / bundle.sample_rate_hz, name, folder / f"{name}.png"
    )
    typer.echo(f"drawn: {drawn}", err=True)


def _check_embeddings(bundle: Path, audio: list[Path]) -> None:
    from tunebench.errors import InputError
    from tunebench.export import layout

    if PIPE in audio:
        raise InputError("--embeddings: needs files; it cannot read a pipe a second time.")
    if not layout.read(bundle).keras.exists():
        raise InputError(
            f"--embeddings: {bundle} holds no model.keras, of which they are taken. Name the search itself, "
            "or a bundle that was exported with --format keras."
        )


def _embed(bundle: Path, audio: list[Path], to: Path) -> None:
    """Write `paths` `(files,)` and `embeddings` `(files, units)`; files that cannot be read are left out."""
    import numpy as np

    from tunebench.audio.decoder import decode
    from tunebench.errors import DataError
    from tunebench.quiet import import_tensorflow

    import_tensorflow()
    from tunebench.serving.embedder import Embedder

    embedder = Embedder.load(bundle)
    rows, paths = [], []
    for path in _files(audio):
        try:
            rows.append(embedder.embed(decode(path, embedder.bundle.sample_rate_hz)))
        except DataError:  # it was said when it was classified
            continue
        paths.append(str(path))
    np.savez(to, paths=np.array(paths), embeddings=np.array(rows))
    typer.echo(f"embeddings of {len(rows)} files: {to}", err=True)
