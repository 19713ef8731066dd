"""Reading with libsndfile: wav, flac, ogg (Vorbis, Opus), mp3, au, aiff and more."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from tunebench.audio.source import BLOCK_SAMPLES, CannotReadError, check_rate

VERSION = f"libsndfile-{soundfile.__libsndfile_version__}"


class _Sequential(soundfile.SoundFile):
    """Reads on from where it is: soundfile seeks after each read, of which libmpg123 complains on stderr."""

    def seekable(self) -> bool:
        return False


class LibsndfileSource:
    """An audio file that is open in libsndfile.

    Raises:
        CannotReadError: on opening or reading, the file is none that libsndfile can read.
        RejectedAudioError: its sample rate is impossible.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = _Sequential(str(path))
        except (soundfile.SoundFileError, TypeError) as error:  # TypeError: .raw, headerless
            raise CannotReadError(_text(error)) from error
        try:
            if self._file.format == "RAW":  # by its suffix (.au, .vox, ...) alone: anything would be audio
                raise CannotReadError("it has no header")
            self.rate_hz = check_rate(self._file.samplerate)
            self._check_length()
        except BaseException:
            self._file.close()
            raise

    def count(self) -> int:
        """Frames that can be read."""
        if self._file.format == "MP3":  # the header's number outlives a file that was cut off
            return sum(len(block) for block in self.blocks())
        return self._file.frames

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Read the whole file in blocks of shape (frames,), the channels' mean."""
        self._seek(0)
        frames = max(1, BLOCK_SAMPLES // self._file.channels)
        while len(block := self._read(frames)):  # (frames, channels)
            yield reduce(np.add, block.T) / np.float32(block.shape[1])  # `mean(axis=1)` is 20 times slower

    def _check_length(self) -> None:
        """Refuse a file that lacks the last frame which its header promises: it reads badly."""
        if self._file.frames and self._file.format != "MP3":  # which can end anywhere
            self._seek(self._file.frames - 1)
            if not len(self._read(1)):
                raise CannotReadError("it ends before the length that its header gives")

    def _read(self, frames: int) -> NDArray[np.float32]:
        try:
            return np.asarray(self._file.read(frames, dtype="float32", always_2d=True), np.float32)
        except soundfile.SoundFileError as error:
            raise CannotReadError(_text(error)) from error

    def _seek(self, frame: int) -> None:
        try:
            self._file.seek(frame)
        except soundfile.SoundFileError as error:
            raise CannotReadError(_text(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()


def _text(error: Exception) -> str:
    """What libsndfile says, without the path before it."""
    said = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return said.strip().rstrip(".") or f"error {getattr(error, 'code', '')}"
