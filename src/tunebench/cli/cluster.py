"""`tunebench cluster`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from tunebench.app.cluster import Clustering

_MOST_COLUMNS = 15
"""Labels beside each other in a terminal; the summary has all of them."""
_CENTRAL = 3
_VECTORS = {"features": "features", "embeddings": "units of the model", "table": "columns of the table"}
_WEAK = 0.25
"""Kaufman and Rousseeuw (1990): up to this mean silhouette, no substantial structure has been found."""


class Method(StrEnum):
    """How tracks are grouped."""

    KMEANS = "kmeans"
    HDBSCAN = "hdbscan"


def cluster(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of audio, a search's YAML file, or a feature table.",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="Compare by what this model hears: a bundle's folder, a search's name or a models:/ "
            "address. Without it, by 57 features."
        ),
    ] = None,
    method: Annotated[
        Method, typer.Option(help="k-means sorts every track; HDBSCAN leaves out those that fit nowhere.")
    ] = Method.KMEANS,
    clusters: Annotated[
        int | None, typer.Option(metavar="N", help="Clusters of k-means; chosen by silhouette if not set.")
    ] = None,
    min_size: Annotated[
        int | None, typer.Option(metavar="N", help="Fewest tracks of a cluster of HDBSCAN; 5 if not set.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Labels to compare with: columns path and label."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Listen to so much of the middle of each track; 0 is all of it, 30 if not set."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of k-means and the map.")] = 7,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write to, not experiments/clusters/<name>.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as one JSON object.")] = False,
) -> None:
    """Sort music into groups that sound alike, without labels: a table, a 2-D map, and how far labels agree.

    Example: tunebench cluster ~/music --clusters 8
    """
    import json

    from rich.console import Console
    from rich.progress import Progress

    from tunebench.app.cluster import cluster_collection

    shown = Console(stderr=True)
    with Progress(console=shown, disable=not shown.is_terminal, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        found = cluster_collection(
            source, model=model, method=method.value, clusters=clusters, min_size=min_size, labels=labels,
            seconds=seconds, seed=seed, out=out,
            progress=lambda what, done, total: bar.update(
                task, description=what, completed=done, total=total
            ),
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(found.summary))
        return
    _print(found, Console())


def _print(found: Clustering, console: Console) -> None:
    summary = found.summary
    for bad in summary["quarantined"]:
        _line(console, f"skipped: {bad['path']}: {bad['reason']}")
    _print_clusters(summary, console)
    if summary["tried"]:
        tried = "  ".join(f"{row['clusters']} {row['silhouette']:.2f}" for row in summary["tried"])
        _line(console, f"silhouette by number of clusters: {tried}")
    _print_quality(summary, console)
    if summary["agreement"] is not None:
        _print_agreement(summary["agreement"], console)
    for file in (found.folder.map, found.folder.table, found.folder.summary):
        _line(console, str(file))


def _print_clusters(summary: Mapping[str, Any], console: Console) -> None:
    """A heading for each cluster, and its most central tracks below, whole, so that they can be played."""
    _line(
        console,
        f"{summary['tracks']} tracks by {summary['columns']} {_VECTORS[summary['vectors']]}: "
        f"{summary['clusters']} clusters, each with its most central tracks",
    )
    for row in summary["members"]:
        silhouette = "" if row["silhouette"] is None else f"  silhouette {row['silhouette']:.2f}"
        marks = "  ".join(f"{column} {shift:+.1f} sd" for column, shift in row["marks"].items())
        _line(console, f"{row['cluster']:>3}: {row['tracks']:>4} tracks{silhouette}  {marks}".rstrip())
        for path in row["central"][:_CENTRAL]:
            _line(console, f"       {path}")
    if summary["noise"]:
        _line(console, f"     {summary['noise']:>4} tracks are noise: in no cluster")


def _print_quality(summary: Mapping[str, Any], console: Console) -> None:
    if summary["clusters"] < 2:
        less = "a smaller --min-size, or --method kmeans"
        _line(console, f"HDBSCAN found no two dense groups in these tracks: try {less}")
        return
    if summary["silhouette"] is None:
        return
    noise = f" of the {summary['tracks'] - summary['noise']} tracks in clusters" if summary["noise"] else ""
    _line(console, f"mean silhouette{noise}: {summary['silhouette']:.2f} (from -1 to 1; 1 is well apart)")
    if summary["silhouette"] <= _WEAK:
        _line(console, "the clusters run into each other: take them as a rough order, not as kinds of music")


def _print_agreement(agreement: Mapping[str, Any], console: Console) -> None:
    from rich.markup import escape
    from rich.table import Table

    without = agreement["ari_without_noise"]
    more = (
        "" if without is None else f"; without noise {without:.2f} and {agreement['ami_without_noise']:.2f}"
    )
    _line(
        console,
        f"agreement with {len(agreement['labels'])} labels ({agreement['labelled_by']}) of "
        f"{agreement['labelled']} tracks: adjusted Rand index {agreement['ari']:.2f}, adjusted mutual "
        f"information {agreement['ami']:.2f}{more} (0 is chance, 1 the same)",
    )
    if agreement["taught"]:
        _line(console, "the model was taught these labels: tracks that it was trained on agree too well")
    if len(agreement["labels"]) > _MOST_COLUMNS:
        return
    table = Table(title="tracks by cluster and label")
    table.add_column("cluster", justify="right")
    for label in agreement["labels"]:
        table.add_column(escape(label), justify="right")
    for cluster, counts in zip(agreement["clusters"], agreement["counts"], strict=True):
        name = "noise" if cluster < 0 else str(cluster)
        table.add_row(name, *("" if not count else str(count) for count in counts))
    console.print(table)


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
