"""Real segments that exported models are compared on, and what the trained model said of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.pcm import FULL_SCALE
from tunebench.export.layout import EXAMPLE, FEATURES, PROBABILITIES, WAVEFORM

_HARD = 2
"""Waveforms that are also tried quiet, and also short."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Segments as int16 `waveforms` `(n, samples)`, as float32 `vectors` `(n, columns)`, or as both.

    Where vectors are given, they are what the model receives, and waveforms what they were computed of.
    """

    waveforms: NDArray[np.int16] | None = None
    vectors: NDArray[np.float32] | None = None

    @property
    def inputs(self) -> NDArray[np.int16] | NDArray[np.float32]:
        """What the model receives."""
        given = self.waveforms if self.vectors is None else self.vectors
        if given is None or not len(given):
            raise ValueError("no examples to compare the exported model on")
        return given

    def check(self, samples: int) -> None:
        """Raise a ValueError where waveforms are not segments of so many samples."""
        given = self.waveforms
        if given is not None and (given.dtype != np.int16 or given.shape[1:] != (samples,) or not len(given)):
            raise ValueError(
                f"examples must be int16 (n, {samples}) with n > 0. Received: {given.dtype} {given.shape}"
            )

    def with_hard_cases(self) -> Examples:
        """Some of the waveforms again, 40 dB quieter, and cut to a quarter with zeros behind.

        They stand beside the loud and the long in one batch, which a model that mixes its examples, or that
        overflows, does not survive. Vectors stay as they are.
        """
        if self.waveforms is None or self.vectors is not None:
            return self
        few = self.waveforms[:_HARD]
        quiet = np.rint(few / 100.0).astype(np.int16)
        short = few.copy()
        short[:, few.shape[1] // 4 :] = 0
        return Examples(np.concatenate([self.waveforms, quiet, short]))

    def save(self, folder: Path, probabilities: NDArray[np.float32]) -> None:
        """Write them into a bundle, with what the trained model said of them `(n, classes)`."""
        arrays: dict[str, NDArray[np.generic]] = {PROBABILITIES: probabilities}
        if self.waveforms is not None:
            arrays[WAVEFORM] = self.waveforms / np.float32(FULL_SCALE)
        if self.vectors is not None:
            arrays[FEATURES] = self.vectors
        np.savez(folder / EXAMPLE, **arrays)  # type: ignore[arg-type]
