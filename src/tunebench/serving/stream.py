"""Answers while a recording is still going on: raw samples from a pipe, a window at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tunebench.serving.predictor import Predictor


def stream(predictor: Predictor, pipe: BinaryIO) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Classify 16-bit little-endian mono samples at the bundle's rate as they come.

    Memory does not grow. What is left at the end, and is no whole window, is answered only where it is all.

    Yields:
        A window's start (s) and its probabilities `(classes,)`, once its last sample is there.
    """
    bundle = predictor.bundle
    length, hop, rate_hz = bundle.segment_samples, bundle.hop_samples, bundle.sample_rate_hz
    held, start = np.zeros(0, np.int16), 0
    while content := pipe.read(2 * max(1, length - len(held))):
        content = content[: len(content) // 2 * 2]
        held = np.concatenate([held, np.frombuffer(content, "<i2").astype(np.int16)])
        while len(held) >= length:
            yield start / rate_hz, predictor.classify(held[:length]).probabilities
            held, start = held[hop:], start + hop
    if start == 0 and len(held):
        yield 0.0, predictor.classify(held).probabilities
