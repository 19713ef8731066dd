"""What the exported form must not exceed: candidates are exported, measured, and drawn again if they do."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tunebench.app.export import export_model
from tunebench.app.session import Session
from tunebench.audio.gather import gather
from tunebench.catalog.feasibility import is_estimator, source_of
from tunebench.catalog.spec import Values
from tunebench.catalog.structure import step_key
from tunebench.errors import InputError, SearchError
from tunebench.export import layout
from tunebench.export.layout import WAVEFORM
from tunebench.export.trial_export import measure, time_form
from tunebench.search.latencies import Figures, Measurements
from tunebench.search.records import Records
from tunebench.space.sections import TargetSection
from tunebench.training.data import TrainingData
from tunebench.training.frontend import frontend_layer
from tunebench.training.trainer import Trainer

EVENT = "target"
_CALIBRATION = 16
"""Training segments; the weights are random, so that more would say no more."""


def beyond_target(
    target: TargetSection, data: TrainingData, session: Session, trainer: Trainer, records: Records
) -> Callable[[Values], str | None]:
    """Says of a configuration why its exported form is beyond the target, or None.

    Each net and front-end is exported and measured once a search, before it is trained.
    """
    chosen = data.split.train[:_CALIBRATION]

    def measured(values: Values) -> Figures:
        model = trainer.untrained(values)
        structure = trainer.structure(values)
        return measure(
            model.classifier,
            frontend_layer(values, data.signal, structure),
            values=values,
            signal=data.signal,
            classes=data.corpus.classes,
            form=target.format,
            segments=gather(data.corpus, data.segments, np.asarray(chosen)),
        )

    measurements = Measurements(
        session.journal, session.events, event=EVENT, names=("latency_ms", "size_mb"),
        key=lambda values: step_key(trainer.structure(values).key, values), measure=measured,
        on_measured=records.apply,
    )  # fmt: skip

    def reason(values: Values) -> str | None:
        if is_estimator(values) or source_of(values) != "waveform":
            return f"it does not begin with audio in the net, and cannot be exported as {target.format}"
        found = measurements.of(values)
        if found is None:
            return f"it cannot be exported as {target.format}"
        return _too_much(target, found)

    return reason


def export_target(target: TargetSection, name: str, out: Path) -> dict[str, Any]:
    """Export the winner as the target asks, and measure it: `format`, `latency_ms`, `size_mb`, `folder`.

    A winner that cannot be exported so is not lost: `error` then says why, and so does a warning.
    """
    if not out.exists():
        try:
            export_model(name, target.format, out)
        except (SearchError, InputError) as error:
            warnings.warn(
                f"the winner is not exported as target.format {target.format}: {error}", stacklevel=2
            )
            return {"format": target.format, "error": str(error)}
    bundle = layout.read(out)
    with np.load(bundle.example, allow_pickle=False) as stored:
        segment = stored[WAVEFORM][:1]
    figures = time_form(bundle, target.format, segment)
    return {"format": target.format, "folder": out.name, **{k: round(v, 3) for k, v in figures.items()}}


def _too_much(target: TargetSection, found: Figures) -> str | None:
    latency_ms, size_mb = found["latency_ms"], found["size_mb"]
    if target.max_latency_ms is not None and latency_ms > target.max_latency_ms:
        limit = f"target.max_latency_ms {target.max_latency_ms:g}"
        return f"as {target.format} it takes {latency_ms:.3g} ms for a segment, above {limit}"
    if target.max_size_mb is not None and size_mb > target.max_size_mb:
        return f"as {target.format} it has {size_mb:.2f} MB, above target.max_size_mb {target.max_size_mb:g}"
    return None
