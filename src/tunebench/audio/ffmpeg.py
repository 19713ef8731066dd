"""Reading with FFmpeg, through PyAV: m4a, aac, wma, opus and whatever else libsndfile does not know."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from tunebench.audio.source import BLOCK_SAMPLES, CannotReadError, check_rate

VERSION = f"pyav-{version('av')}"

# Containers only: a playlist could make FFmpeg open other files, or addresses.
_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,aac,asf,matroska,webm,ogg,flac,mp3,wav,w64,aiff,au,caf,"
    "amr,ac3,eac3,dts,ape,wv,tta,mpc,mpc8,avi,mpeg,mpegts,flv,loas,rm,tak,dsf,oma,voc",
    "protocol_whitelist": "file",
}


class FFmpegSource:
    """An audio file that FFmpeg reads.

    Raises:
        CannotReadError: on opening or reading, FFmpeg finds no audio in the file.
        RejectedAudioError: its sample rate is impossible.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        first = next(self._frames(), None)
        if first is None:
            raise CannotReadError("no audio in it")
        self.rate_hz = check_rate(first.sample_rate)  # the container's may be half of it (HE-AAC)

    def count(self) -> int:
        """Frames that can be read: decodes the whole file, since containers only estimate."""
        return sum(frame.samples for frame in self._frames())

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Read the whole file in blocks of shape (frames,), the channels' mean."""
        waiting: list[NDArray[np.float32]] = []
        held = 0
        for frame in self._mono():
            waiting.append(frame)
            held += len(frame)
            if held >= BLOCK_SAMPLES:
                yield np.concatenate(waiting)
                waiting, held = [], 0
        if held:
            yield np.concatenate(waiting)

    def _mono(self) -> Iterator[NDArray[np.float32]]:
        """The channels' mean of each frame. The converter is made anew where the stream changes its form."""
        form, to_float = None, None
        for frame in self._frames():
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            if to_float is None or now != form:
                form, to_float = now, av.AudioResampler(format="fltp", rate=self.rate_hz)
            with _explained():
                planes = [converted.to_ndarray() for converted in to_float.resample(frame)]
            for plane in planes:  # (channels, frames)
                if plane.size:
                    yield plane.mean(axis=0, dtype=np.float32)

    def _frames(self) -> Iterator[Any]:
        with (
            _explained(),
            av.open(str(self._path), options=_OPTIONS, metadata_errors="ignore") as container,
        ):
            for stream in islice(container.streams.audio, 1):
                yield from container.decode(stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing stays open between reads."""


@contextmanager
def _explained() -> Generator[None]:
    try:
        yield
    except (FFmpegError, ValueError) as error:
        raise CannotReadError(getattr(error, "strerror", None) or str(error)) from error
