"""Taking a model into use: its bundle loaded, checked against its own examples, laid out for this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebench.cores import usable_cores
from tunebench.errors import DataError, InputError
from tunebench.export import forms, layout
from tunebench.export.asked import load_model
from tunebench.export.layout import PROBABILITIES, REFERENCE, WAVEFORM, Bundle
from tunebench.export.parity import TOLERANCE_ACROSS_DEVICES, tolerance_of
from tunebench.serving.decoding import DecoderPool
from tunebench.serving.drift import RecentWindows
from tunebench.serving.predictor import Predictor
from tunebench.serving.runner import Measured, Runner, Way, choose

_PROBED = 4
"""Examples that a model answers before it is taken."""

_FIRST_DECODE_S = 60.0
"""The first time, the process has to start as well."""


@dataclass(frozen=True, slots=True)
class Located:
    """A bundle's folder, what its model is called, and what changes whenever a file of it does."""

    folder: Path
    version: str
    stamp: str


Locate = Callable[[], Located]


@dataclass
class Loaded:
    """One model in use: its bundle, its runner, and what it heard."""

    bundle: Bundle
    located: Located
    form: str
    runner: Runner
    predictor: Predictor
    recent: RecentWindows
    measured: list[Measured] = field(default_factory=list)
    users: int = 0
    """Requests that are at work with it."""

    @property
    def version(self) -> str:
        """Of the model, as clients are told."""
        return self.located.version


def load(
    located: Located,
    decoders: DecoderPool,
    *,
    form: str | None,
    way: Way | None,
    on_batch: Callable[[int], None],
) -> Loaded:
    """Load the model of a bundle, and see that it answers as the trained one did.

    Args:
        located: the bundle.
        decoders: of which one decodes a clip of it.
        form: a name of `export.forms.FORMS`; None takes the one that starts quickest.
        way: how requests are run; None measures.
        on_batch: receives the number of windows of each call.

    Raises:
        InputError: it cannot be read, knows no audio, or its files are of several models.
    """
    bundle = layout.read(located.folder)
    if bundle.input == "table":
        raise InputError(f"{bundle.folder}: was trained on a table, and not on audio; it cannot be served.")
    form = form or next((row.name for row in forms.held(bundle)), "none")

    shared = form in forms.SHARED
    only = load_model(bundle, form=form) if shared else None

    def load_with(threads: int) -> forms.Asked:
        return (only or load_model(bundle, form=form, threads=threads)).ask

    with np.load(bundle.example, allow_pickle=False) as stored:
        inputs, expected = stored[WAVEFORM][:_PROBED].astype(np.float32), stored[PROBABILITIES][:_PROBED]
    example = inputs[0]
    recent = RecentWindows(bundle.info.get("reference", {}), bundle.classes)
    ask = load_with(usable_cores())
    _check_answers(bundle, form, np.concatenate([ask(one[None]) for one in inputs]), expected)
    _check_decoding(bundle, decoders)
    way, measured = (way, []) if way else choose(load_with, example, shared=shared)
    # last: sessions are a tenth slower where a function of TensorFlow 2 was there before them
    predictor = Predictor(bundle, only or load_model(bundle, form=form))
    runner = Runner(load_with, way, on_batch=on_batch)
    runner.submit(example[None]).result()
    return Loaded(bundle, located, form, runner, predictor, recent, measured)


def _check_decoding(bundle: Bundle, decoders: DecoderPool) -> None:
    """Decode a clip of the bundle: a service that says that it is ready can do so."""
    clip = next(iter(sorted((bundle.folder / REFERENCE).glob("*.wav"))), None)
    if clip is None:
        return
    try:
        decoders.decode(clip, bundle.sample_rate_hz, longest_s=600.0, timeout_s=_FIRST_DECODE_S)
    except DataError as error:
        raise InputError(
            f"{clip}: this clip of the bundle cannot be decoded ({error}). Export the model again, or "
            "see what keeps a decoding process from working: `python -m tunebench.serving.decode_worker`."
        ) from error


def _check_answers(
    bundle: Bundle, form: str, said: NDArray[np.float32], expected: NDArray[np.float32]
) -> None:
    """Refuse a model that does not say what the trained one said: its files are of several models."""
    allowed = max(tolerance_of(form, float(bundle.parity["tolerance"])), TOLERANCE_ACROSS_DEVICES)
    if said.shape != expected.shape or not (np.abs(said - expected) <= allowed).all():
        raise InputError(
            f"{bundle.folder}: the model does not answer its examples as {layout.EXAMPLE} holds them, so the "
            "files are not of one model. Copy the whole folder again, or export it with `tunebench export`."
        )
