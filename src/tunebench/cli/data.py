"""`tunebench data`: make the demo corpus, look a corpus over, show it, decode it, write its features."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunebench.cli.arguments import DataRoot, Overrides, SpaceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from tunebench.audio.audit import Audit

app = typer.Typer(no_args_is_help=True)
SHOWN = 4
"""Suspicious tracks of a kind that are named."""


@app.callback()
def _data() -> None:
    """Make the demo corpus, audit, show or decode a corpus, write its features.

    Example: tunebench data check search_spaces/esc10.yaml --data ~/audio/esc10
    """


@app.command("demo")
def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another corpus.")] = 7,
) -> None:
    """Make a small corpus of synthetic genres and artists, to try everything on.

    Example: tunebench data demo demo/corpus
    """
    from tunebench.audio.demo import write

    summary = write(directory, seed=seed)
    typer.echo(
        f"{directory}: {summary.tracks} tracks, {len(summary.classes)} classes, {summary.artists} artists"
    )


@app.command("check")
def check(
    space: SpaceFile,
    data: DataRoot = None,
    overrides: Overrides = None,
    fix: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Write a manifest without what cannot be used and copies."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write the page of `data explore` too."),
    ] = None,
) -> None:
    """Look at every file of a corpus: what it holds, what cannot be used and why, and how it is split.

    Example: tunebench data check search_spaces/esc10.yaml --data ~/audio/esc10
    """
    from rich.console import Console
    from rich.table import Table

    from tunebench.app.corpus import audit_data, write_cleaned
    from tunebench.app.load import load_experiment
    from tunebench.errors import DataError

    experiment = load_experiment(space, overrides=overrides or [], data_root=data)
    console = Console()
    with _bars(console, "decoding audio", "comparing tracks") as (progress, listening):
        found = audit_data(experiment.data, progress=progress, listening=listening)
    groups = f"{found.groups} groups" if found.grouped else "each a group of its own"
    table = Table(title=f"{found.tracks} tracks, {found.duration_s / 60:.1f} min, {groups}")
    for column in ("class", "tracks", "groups", "minutes", "segments", "quarantined"):
        table.add_column(column, justify="left" if column == "class" else "right")
    for row in found.classes:
        table.add_row(
            row.label, str(row.tracks), str(row.groups), f"{row.duration_s / 60:.1f}", str(row.segments),
            str(row.quarantined),
        )  # fmt: skip
    console.print(table)
    _print_pairs(found, console)
    _print_suspicions(found, console)
    for bad in found.quarantined:
        console.print(f"quarantined: {bad.path}: {bad.reason}", highlight=False, markup=False, soft_wrap=True)
    if found.split is not None:
        sides = ", ".join(f"{name} {count}" for name, count in found.split.segments.items())
        if found.split.missing:
            console.print(f"{len(found.split.missing)} tracks of the split's lists are not there")
        for side, names in found.split.absent.items():
            if names:
                console.print(f"no {side} segment of: {', '.join(names)}", highlight=False, markup=False)
        if crossing := found.split.crossing:
            more = f" and {len(crossing) - SHOWN} more" if len(crossing) > SHOWN else ""
            console.print(
                f"on two sides of the split: {', '.join(crossing[:SHOWN])}{more}",
                highlight=False, markup=False, soft_wrap=True,
            )  # fmt: skip
        console.print(f"segments: {sides}; leakage: {found.split.leakage}; split {found.split.hash[:12]}")
    if fix is not None:
        kept = write_cleaned(experiment.data, found, fix)
        console.print(
            f"{fix}: {kept} tracks, copies left out or in one group. Put it into data.root and write "
            f"data.manifest: {fix.name}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    if report is not None:
        from tunebench.app.explore import explore_data

        typer.echo(explore_data(experiment.data, report, name=experiment.name))
    if found.problem is not None:
        raise DataError(found.problem)


@app.command("explore")
def explore(
    space: SpaceFile,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="Page to write.")],
    data: DataRoot = None,
    overrides: Overrides = None,
) -> None:
    """Show a corpus on one HTML page: counts, what is suspicious, spectrograms with sound, features by class.

    Example: tunebench data explore search_spaces/esc10.yaml --data ~/audio/esc10 --out esc10.html
    """
    from rich.console import Console

    from tunebench.app.explore import explore_data
    from tunebench.app.load import load_experiment

    experiment = load_experiment(space, overrides=overrides or [], data_root=data)
    steps = ("decoding audio", "comparing tracks", "extracting features")
    with _bars(Console(stderr=True), *steps) as (decoding, comparing, extracting):
        page = explore_data(
            experiment.data, out, name=experiment.name, decoding=decoding, comparing=comparing,
            extracting=extracting,
        )  # fmt: skip
    typer.echo(page)


@app.command("prepare")
def prepare(space: SpaceFile, data: DataRoot = None, overrides: Overrides = None) -> None:
    """Decode a corpus into the store, so that no search has to; goes on where it was stopped.

    Example: tunebench data prepare search_spaces/gtzan.yaml --data ~/audio/gtzan
    """
    from rich.console import Console

    from tunebench import paths
    from tunebench.app.load import load_experiment
    from tunebench.audio.prepare import prepare as decode
    from tunebench.audio.store import Store

    experiment = load_experiment(space, overrides=overrides or [], data_root=data)
    with _bars(Console(), "decoding audio") as (progress,):
        corpus = decode(experiment.data, store=Store(paths.store()), progress=progress)
    typer.echo(f"{paths.store()}: {len(corpus.tracks)} tracks, {len(corpus.quarantined)} quarantined")


@app.command("features")
def features(
    space: SpaceFile,
    out: Annotated[Path, typer.Option(help="File to write: .csv, .parquet, or .json with --mfcc.")],
    data: DataRoot = None,
    overrides: Overrides = None,
    segments: Annotated[bool, typer.Option("--segments", help="A row a segment, not a track.")] = False,
    groups: Annotated[
        bool,
        typer.Option("--groups", help="Write group and fold too, after the label."),
    ] = False,
    mfcc: Annotated[
        int, typer.Option(min=0, max=128, help="Write so many MFCCs of every frame of every segment instead.")
    ] = 0,
) -> None:
    """Write the summary features of a corpus as a table, in the layout of the public GTZAN tables.

    Example: tunebench data features search_spaces/gtzan.yaml --data ~/audio/gtzan --out features.csv
    """
    from rich.console import Console

    from tunebench.app.features import write_features
    from tunebench.app.load import load_experiment

    experiment = load_experiment(space, overrides=overrides or [], data_root=data)
    with _bars(Console(stderr=True), "extracting features") as (progress,):
        rows = write_features(
            experiment.data, out, segments=segments, groups=groups, mfcc=mfcc, progress=progress
        )
    typer.echo(f"{out}: {rows} rows")


def _print_pairs(found: Audit, console: Console) -> None:
    """Copies, those first that nothing keeps on one side."""
    for pair in sorted(found.pairs, key=lambda pair: (not pair.contradicts, not pair.apart)):
        what = "the same audio" if pair.exact else f"the same recording for {pair.overlap_s:.1f} s"
        kept = "nothing keeps them on one side" if pair.apart else "one group"
        why = "two classes" if pair.contradicts else kept
        console.print(
            f"copies: {pair.first} and {pair.second}: {what}; {why}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    if apart := sum(pair.apart for pair in found.pairs):
        console.print(
            f"{apart} of {len(found.pairs)} pairs of copies are in no common group; --fix writes a manifest "
            "that keeps them together",
            highlight=False, soft_wrap=True,
        )  # fmt: skip


def _print_suspicions(found: Audit, console: Console) -> None:
    """Of each kind the first few, and how many there are."""
    by_kind: dict[str, list[str]] = {}
    for suspicion in found.suspicions:
        by_kind.setdefault(suspicion.kind, []).append(f"{suspicion.path} ({suspicion.detail})")
    for kind, lines in by_kind.items():
        more = f", and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
        console.print(
            f"listen to {len(lines)} that are {kind}: {', '.join(lines[:SHOWN])}{more}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    if found.imbalance:
        console.print(f"uneven classes: {found.imbalance}", highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _bars(console: Console, *whats: str) -> Iterator[list[Callable[[int, int], None]]]:
    """A progress bar a name; gives the functions that move them."""
    from rich.progress import Progress

    with Progress(console=console, disable=not console.is_terminal) as progress:
        tasks = [progress.add_task(what, total=None) for what in whats]
        yield [
            lambda done, total, task=task: progress.update(task, completed=done, total=total)
            for task in tasks
        ]
