"""The default decoder: libsndfile, else FFmpeg, and soxr for the sample rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from tunebench.audio import ffmpeg, libsndfile
from tunebench.audio.ffmpeg import FFmpegSource
from tunebench.audio.libsndfile import LibsndfileSource
from tunebench.audio.rejection import Fault, RejectedAudioError
from tunebench.audio.source import CannotReadError, Source
from tunebench.audio.trim import Trim


class NativeDecoder:
    """Decodes block by block, so that memory does not depend on a file's length; releases the GIL."""

    version = f"soundfile/1 {libsndfile.VERSION} {ffmpeg.VERSION} soxr-{soxr.__version__}-HQ"

    def blocks(self, path: Path, rate_hz: int, trim: Trim | None) -> Iterator[NDArray[np.float32]]:
        """Decode, mix, cut and resample (see `Decoder.blocks`)."""
        with _open(path) as source:
            try:
                yield from _resampled(_stretch(source, trim), source.rate_hz, rate_hz)
            except CannotReadError as error:
                raise RejectedAudioError(Fault.UNREADABLE, f"damaged inside ({error})") from error


def _open(path: Path) -> Source:
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise RejectedAudioError(Fault.EMPTY, "the file holds no bytes")
    except OSError as error:
        raise RejectedAudioError(Fault.INACCESSIBLE, f"it cannot be opened ({error.strerror})") from error
    try:
        return LibsndfileSource(path)
    except CannotReadError:
        try:
            return FFmpegSource(path)
        except CannotReadError as error:
            raise RejectedAudioError(Fault.UNREADABLE, f"not audio, or damaged ({error})") from error


def _stretch(source: Source, trim: Trim | None) -> Iterator[NDArray[np.float32]]:
    if trim is None:
        yield from source.blocks()
        return
    frames = source.count() if trim.offset_s is None else 0
    start, stop = trim.stretch(frames, source.rate_hz)
    at = 0
    for block in source.blocks():  # what comes before is read too: not every format can be entered exactly
        if at + len(block) > start:
            yield block[max(0, start - at) : stop - at]
        at += len(block)
        if at >= stop:
            return


def _resampled(
    blocks: Iterable[NDArray[np.float32]], from_hz: int, to_hz: int
) -> Iterator[NDArray[np.float32]]:
    if from_hz == to_hz:
        yield from blocks
        return
    resampler = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
