"""Real segments that exported models are compared on, and what the trained model said of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.pcm import FULL_SCALE
from tunebench.export.layout import EXAMPLE, FEATURES, PROBABILITIES, WAVEFORM


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

    def save(self, folder: Path, probabilities: NDArray[np.float32]) -> None:
        """Write them into a bundle, with what the trained model said of them `(n, classes)`."""
        arrays: dict[str, NDArray[np.generic]] = {PROBABILITIES: probabilities}
        if self.waveforms is not None:
            arrays[WAVEFORM] = self.waveforms / np.float32(FULL_SCALE)
        if self.vectors is not None:
            arrays[FEATURES] = self.vectors
        np.savez(folder / EXAMPLE, **arrays)  # type: ignore[arg-type]
