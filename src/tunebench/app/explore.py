"""A corpus shown on one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tunebench import paths
from tunebench.app.corpus import audit_data
from tunebench.app.folder import write_atomically
from tunebench.audio.prepare import prepare
from tunebench.audio.store import Store
from tunebench.catalog.features import FEATURES
from tunebench.errors import InputError
from tunebench.features.matrix import kept_features
from tunebench.features.table import Span
from tunebench.seeding import child_rng
from tunebench.space import DataSection

if TYPE_CHECKING:
    from tunebench.audio.corpus import Corpus
    from tunebench.evaluation.exploration import Example

Progress = Callable[[int, int], None]

EXAMPLES = 2
"""Tracks of each class that are shown."""
MEASURED = 100
"""Tracks that features are computed of; of a larger corpus they are drawn by the seed of the split."""
MOST_CLASSES = 30
SECONDS = 10.0


def explore_data(
    data: DataSection,
    out: Path,
    *,
    name: str,
    decoding: Progress | None = None,
    comparing: Progress | None = None,
    extracting: Progress | None = None,
) -> Path:
    """Write counts, suspicious tracks, spectrograms with sound, and features by class as one HTML page.

    Args:
        data: the corpus.
        out: the page, `.html`.
        name: what the page is called.
        decoding: told (tracks done, of all) while the corpus is decoded.
        comparing: the same while tracks are looked over and compared.
        extracting: the same while features are computed.

    Raises:
        InputError: `out` is no page, or the corpus is a table of features.
        DataError: there is no corpus, or a class has no usable file.
        StorageError: the page or the store cannot be written.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{out}: the page is HTML; write --out {out.with_suffix('.html').name}")
    found = audit_data(data, progress=decoding, listening=comparing)
    corpus = prepare(data, store=Store(paths.store()))
    from tunebench.evaluation.exploration import (
        Exploration,
        draw_durations,
        draw_features,
        render_exploration,
    )
    from tunebench.evaluation.report import picture_address

    rng = child_rng(data.split.seed, "explore")
    chosen = np.sort(rng.permutation(len(corpus.tracks))[:MEASURED])
    sample = replace(corpus, tracks=tuple(corpus.tracks[place] for place in chosen))
    whole = [[Span("", 0, stored.samples)] for stored in sample.tracks]
    values = np.concatenate(kept_features(sample, whole, progress=extracting))
    seconds: dict[str, list[float]] = {label: [] for label in corpus.classes}
    for stored in corpus.tracks:
        seconds[stored.track.label].append(stored.samples / corpus.sample_rate_hz)
    page = Exploration(
        name=name,
        audit=found,
        examples=_examples(corpus),
        durations=picture_address(draw_durations(seconds)),
        features=[
            picture_address(png) for png in draw_features(values, sample.labels, FEATURES, corpus.classes)
        ],
        measured=len(values),
        command=f"tunebench data explore FILE.yaml --data {data.root} --out {out.name}",
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, render_exploration(page))
    return out


def _examples(corpus: Corpus) -> list[Example]:
    """The first tracks of each class."""
    from tunebench.evaluation.exploration import Example, draw_track
    from tunebench.evaluation.report import audio_address, picture_address

    shown: list[Example] = []
    for label in range(min(len(corpus.classes), MOST_CLASSES)):
        for place in np.flatnonzero(corpus.labels == label)[:EXAMPLES]:
            stored, rate_hz = corpus.tracks[int(place)], corpus.sample_rate_hz
            samples = corpus.read(int(place), 0, min(stored.samples, round(SECONDS * rate_hz)))
            shown.append(
                Example(
                    path=stored.track.path,
                    label=stored.track.label,
                    seconds=stored.samples / rate_hz,
                    picture=picture_address(draw_track(samples, rate_hz)),
                    audio=audio_address(samples, rate_hz),
                )
            )
    return shown
