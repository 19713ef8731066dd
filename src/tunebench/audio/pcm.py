"""From floating point to the int16 samples that are stored, and the checks that all audio passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.rejection import Fault, RejectedAudioError

FULL_SCALE = 32768
SILENCE_DBFS = -80.0
SHORTEST_S = 0.1
LONGEST_S = 6 * 3600.0

_SILENT_PEAK = FULL_SCALE * 10 ** (SILENCE_DBFS / 20)


def to_int16(samples: NDArray[np.floating]) -> NDArray[np.int16]:
    """Scale samples in [-1, 1) to int16, rounded; what lies outside saturates."""
    scaled = np.rint(np.clip(samples, -1.0, 1.0) * FULL_SCALE)
    return np.minimum(scaled, FULL_SCALE - 1).astype(np.int16)


def checked(blocks: Iterable[NDArray[np.float32]], rate_hz: int) -> Iterator[NDArray[np.int16]]:
    """Turn mono float blocks into int16 blocks, and judge the whole as they pass.

    Raises:
        RejectedAudioError: no samples, non-finite samples, silence (peak under `SILENCE_DBFS`), less than
            `SHORTEST_S` or more than `LONGEST_S` of audio.
    """
    samples, peak = 0, 0
    for block in blocks:
        if not np.isfinite(block).all():
            raise RejectedAudioError(
                Fault.NON_FINITE, f"NaN or infinite samples after {samples / rate_hz:.1f} s"
            )
        pcm = to_int16(block)
        samples += len(pcm)
        if samples > LONGEST_S * rate_hz:
            raise RejectedAudioError(
                Fault.TOO_LONG, f"over {LONGEST_S / 3600:g} h; cut the file, or keep a stretch with data.trim"
            )
        peak = max(peak, int(np.abs(pcm.astype(np.int32)).max(initial=0)))
        yield pcm
    if not samples:
        raise RejectedAudioError(Fault.EMPTY, "the file holds no samples (in the stretch that is kept)")
    if samples < SHORTEST_S * rate_hz:
        raise RejectedAudioError(
            Fault.TOO_SHORT, f"{samples / rate_hz:.3f} s of audio; at least {SHORTEST_S} s are needed"
        )
    if peak < _SILENT_PEAK:
        raise RejectedAudioError(Fault.SILENT, f"no sample above {SILENCE_DBFS:g} dBFS")
