"""A collection of music sorted into groups of tracks that sound alike."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

import tunebench
from tunebench import paths
from tunebench.app.collection import Collection, Progress, read_collection
from tunebench.app.folder import write_atomically
from tunebench.errors import DataError, InputError
from tunebench.evaluation.agreement import Agreement, agreement
from tunebench.evaluation.cluster_map import draw_map
from tunebench.evaluation.cluster_members import central, distances_to_centre, marks
from tunebench.evaluation.clusters import MIN_SIZE, Clusters, hdbscan, k_means, standardised, unit_length
from tunebench.evaluation.projection import Projection, project

CENTRAL = 5
"""Tracks that the summary names of each cluster."""


@dataclass(frozen=True, slots=True)
class ClusterFolder:
    """What clustering leaves behind."""

    path: Path

    @property
    def table(self) -> Path:
        """A row a track: path, cluster, x, y, silhouette, distance, label."""
        return self.path / "clusters.csv"

    @property
    def map(self) -> Path:
        """The picture."""
        return self.path / "map.png"

    @property
    def summary(self) -> Path:
        """All that is known of the clusters."""
        return self.path / "summary.json"


@dataclass(frozen=True, slots=True)
class Clustering:
    """The clusters of a collection, where they were written, and what `summary.json` says of them."""

    clusters: Clusters
    agreement: Agreement | None
    folder: ClusterFolder
    summary: dict[str, Any]


def cluster_collection(
    source: Path | str,
    *,
    model: str | None = None,
    method: Literal["kmeans", "hdbscan"] = "kmeans",
    clusters: int | None = None,
    min_size: int | None = None,
    labels: Path | None = None,
    seconds: float | None = None,
    seed: int = 7,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Clustering:
    """Group tracks that sound alike, and write table, map and summary.

    Args:
        source: a folder of audio at any depth; a search's YAML file; or a feature table (.csv, .parquet).
        model: a bundle's folder, a search's name or a `models:/` address: tracks are compared by the
            direction of what its net gives before the scores. None takes the 57 features, standardised.
        method: k-means, or HDBSCAN, which leaves tracks that lie in no dense place out.
        clusters: number of clusters of k-means; None chooses it by the mean silhouette.
        min_size: the fewest tracks of a cluster of HDBSCAN; 5 if None.
        labels: a CSV file with the columns path and label, instead of folders or the table's own labels.
        seconds: of each track, from its middle, 0 for all of it; if None 30, or the YAML file's own stretch.
        seed: of k-means and the map.
        out: folder to write to; `experiments/clusters/<name of the source>` if None.
        progress: told what is done, for how many tracks, and of how many.

    Raises:
        InputError: options that do not go together or cannot be met, or no such model.
        DataError: there is no audio, too little or none that can be used; a faulty table or file of labels.
        StorageError: the results or the store cannot be written.
    """
    source = Path(source)
    _check(method, clusters, min_size, seconds)
    collection = read_collection(source, model=model, labels=labels, seconds=seconds, progress=progress)
    if not np.isfinite(collection.matrix).all():
        row = int(np.flatnonzero(~np.isfinite(collection.matrix).all(axis=1))[0])
        raise DataError(f"{collection.paths[row]}: its {collection.kind} are not finite: leave the file out")
    named = bool(collection.columns)  # units of a net share a scale already; how strongly they fire is level
    points = standardised(collection.matrix) if named else unit_length(collection.matrix)
    if progress:
        progress("clustering", 0, len(points))
    found = (
        k_means(points, clusters, seed=seed) if method == "kmeans" else hdbscan(points, min_size or MIN_SIZE)
    )
    projection = project(points, seed=seed)
    against = agreement(found.labels, collection.labels)
    name = source.stem if source.is_file() else source.resolve().name
    folder = ClusterFolder(out or paths.experiments() / "clusters" / (name or "music"))
    distances = distances_to_centre(points, found.labels)
    summary = {
        "name": name, "version": tunebench.__version__, "source": str(source), "model": model,
        "vectors": collection.kind, "columns": collection.matrix.shape[1], "tracks": len(points),
        "quarantined": [
            {"path": bad.path, "fault": bad.fault.value, "reason": bad.reason}
            for bad in collection.quarantined
        ],
        "method": method, "min_size": (min_size or MIN_SIZE) if method == "hdbscan" else None, "seed": seed,
        "clusters": found.count, "noise": found.noise, "silhouette": found.silhouette,
        "tried": [{"clusters": number, "silhouette": mean} for number, mean in found.tried],
        "members": _members(collection, found, distances, points),
        "agreement": _described(against, collection),
        "map": projection.method,
    }  # fmt: skip
    title = f"{name}: {len(points)} tracks, {found.count} clusters by {method} on {collection.kind}"
    write_atomically(folder.table, _table(collection, found, projection, distances))
    draw_map(found, projection, collection.labels, title, folder.map)
    write_atomically(folder.summary, json.dumps(summary, indent=2, allow_nan=False) + "\n")
    return Clustering(found, against, folder, summary)


def _check(method: str, clusters: int | None, min_size: int | None, seconds: float | None) -> None:
    if method not in ("kmeans", "hdbscan"):
        raise InputError(f"--method: must be kmeans or hdbscan. Received: {method}.")
    if method == "hdbscan" and clusters is not None:
        raise InputError("--clusters goes with k-means: HDBSCAN finds its own number. Leave it out")
    if method == "kmeans" and min_size is not None:
        raise InputError("--min-size goes with HDBSCAN: write --method hdbscan, or --clusters for k-means")
    if clusters is not None and clusters < 2:
        raise InputError(f"--clusters: must be 2 or more. Received: {clusters}.")
    if seconds is not None and not (seconds == 0 or 0.1 <= seconds < math.inf):
        raise InputError(f"--seconds: must be 0.1 or more, or 0 for whole tracks. Received: {seconds:g}.")


def _members(
    collection: Collection, found: Clusters, distances: np.ndarray, points: np.ndarray
) -> list[dict[str, Any]]:
    """Size, mean silhouette, most central tracks and marks of each cluster."""
    spoken = [number for number, column in enumerate(collection.columns) if not column.startswith("mfcc")]
    columns = [collection.columns[number] for number in spoken]
    marked = marks(points[:, spoken], found.labels, columns) if columns else [[] for _ in range(found.count)]
    nearest = central(distances, found.labels, CENTRAL)
    return [
        {
            "cluster": cluster,
            "tracks": size,
            "silhouette": _number(found.silhouettes[found.labels == cluster].mean()),
            "central": [collection.paths[position] for position in nearest[cluster]],
            "marks": {column: round(shift, 2) for column, shift in marked[cluster]},
        }
        for cluster, size in enumerate(found.sizes)
    ]


def _described(against: Agreement | None, collection: Collection) -> dict[str, Any] | None:
    if against is None:
        return None
    return {
        "labelled_by": collection.labelled_by, "labelled": int(against.counts.sum()),
        "ari": against.ari, "ami": against.ami,
        "ari_without_noise": against.ari_without_noise, "ami_without_noise": against.ami_without_noise,
        "taught": sorted(set(against.labels) & set(collection.classes)),
        "labels": list(against.labels), "clusters": list(against.clusters), "counts": against.counts.tolist(),
    }  # fmt: skip


def _table(
    collection: Collection, found: Clusters, projection: Projection, distances: Sequence[float] | np.ndarray
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "cluster", "x", "y", "silhouette", "distance", "label"])
    for row, path in enumerate(collection.paths):
        figures = [*projection.places[row], found.silhouettes[row], distances[row]]
        shown = ["" if np.isnan(figure) else f"{figure:.6g}" for figure in figures]
        writer.writerow([path, found.labels[row], *shown, collection.labels[row]])
    return text.getvalue()


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
