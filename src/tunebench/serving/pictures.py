"""What the page draws: the waveform's envelope, and the spectrogram as the model sees it."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tunebench.audio.pcm import FULL_SCALE

COLUMNS = 1_000


def envelope(samples: NDArray[np.int16], rate_hz: int, columns: int = COLUMNS) -> dict[str, object]:
    """Lowest and highest value in each of at most `columns` equal steps of a recording, in [-1, 1]."""
    step = max(1, -(-len(samples) // columns))
    starts = np.arange(0, len(samples), step)
    low, high = (
        np.round(ufunc.reduceat(samples, starts) / FULL_SCALE, 3).tolist()
        for ufunc in (np.minimum, np.maximum)
    )
    return {"step_s": step / rate_hz, "low": low, "high": high}


def png(image: NDArray[np.float32]) -> str:
    """A picture `(height, width, channels)` of nominal range [0, 1] as PNG in base64, row 0 at the bottom."""
    pixels = np.rint(np.clip(image[::-1], 0.0, 1.0) * 255).astype(np.uint8)
    grey = pixels.shape[-1] != 3
    picture = Image.fromarray(pixels.mean(axis=-1).astype(np.uint8) if grey else pixels)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")
