"""The decoded audio on disk: one int16 file a track, written once, read by every trial and search.

    <root>/ab/abcd....pcm      little-endian int16 samples, mono
    <root>/ab/abcd....json     the verdict about a file that cannot be used
    <root>/ab/abcd....npy      figures that were computed of a track
    <root>/partial/            what is being written; renamed into place when whole
    <root>/fingerprints.jsonl  content hashes by path, size and time of change

A name is the hash of all that the samples depend on, so nothing is ever overwritten by something else: a
process that is killed leaves only a file under `partial/`, and two that decode the same track at once write
the same bytes twice.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
import uuid
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.fingerprints import Fingerprints
from tunebench.audio.maps import SAMPLE, Maps
from tunebench.audio.rejection import Fault, RejectedAudioError
from tunebench.audio.trim import Trim
from tunebench.errors import StorageError

FORMAT_VERSION = 1

_ABANDONED_S = 24 * 3600.0


class Store:
    """A folder of decoded tracks. Opening it touches nothing; it pickles as its folder.

    Raises:
        StorageError: from what writes: the disk is full, or the folder cannot be written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fingerprints = Fingerprints(root / "fingerprints.jsonl")
        self._maps = Maps()

    def __reduce__(self) -> tuple[type[Store], tuple[Path]]:
        return Store, (self.root,)

    def key(self, content: str, rate_hz: int, trim: Trim | None, decoder_version: str) -> str:
        """Name of what a file of this content gives, decoded so."""
        parts = [FORMAT_VERSION, content, rate_hz, trim and [trim.seconds, trim.offset_s], decoder_version]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def derived_key(self, key: str, what: str, settings: Sequence[object]) -> str:
        """Name of what is computed of the samples under `key`."""
        return hashlib.sha256(json.dumps([FORMAT_VERSION, key, what, *settings]).encode()).hexdigest()

    def samples(self, key: str) -> int | None:
        """Number of samples stored under the key, None where there are none."""
        try:
            return self._path(key, "pcm").stat().st_size // SAMPLE.itemsize
        except FileNotFoundError:
            return None

    def verdict(self, key: str) -> RejectedAudioError | None:
        """Why the file of this key was rejected, None where it was not."""
        try:
            said = json.loads(self._path(key, "json").read_text(encoding="utf-8"))
            return RejectedAudioError(Fault(said["fault"]), said["detail"])
        except FileNotFoundError:
            return None

    def write(self, key: str, blocks: Iterable[NDArray[np.int16]]) -> int:
        """Store blocks of samples under the key once they have all come; returns how many samples.

        What the blocks' maker raises passes through, and leaves nothing behind.
        """
        samples = 0
        with self._whole(self._path(key, "pcm")) as file:
            for block in blocks:
                with self._explained():
                    file.write(block.astype(SAMPLE, copy=False).tobytes())
                samples += len(block)
        return samples

    def write_verdict(self, key: str, rejected: RejectedAudioError) -> None:
        """Remember that the file of this key cannot be used."""
        said = {"fault": rejected.fault, "detail": rejected.detail}
        with self._whole(self._path(key, "json")) as file, self._explained():
            file.write(json.dumps(said).encode())

    def write_array(self, key: str, array: NDArray[np.floating]) -> None:
        """Keep what was computed of a track."""
        with self._whole(self._path(key, "npy")) as file, self._explained():
            np.save(file, array, allow_pickle=False)

    def read_array(self, key: str) -> NDArray[np.floating] | None:
        """What was computed of a track, None if it is not there or cannot be read."""
        try:
            return np.load(self._path(key, "npy"), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None

    def read(self, key: str) -> NDArray[np.int16]:
        """The stored samples, memory-mapped, shape (samples,).

        Raises:
            StorageError: they are gone, or cannot be read.
        """
        path = self._path(key, "pcm")
        try:
            return self._maps.get(path)
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            what = "has been removed while it was in use" if gone else f"cannot be read ({error.strerror})"
            raise StorageError(
                f"{path}: decoded audio {what}. Run the same command again: what is missing is decoded again."
            ) from error

    def sweep(self) -> None:
        """Remove what processes that died more than a day ago left half written."""
        for path in (self.root / "partial").glob("*.part"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_S:
                    path.unlink()

    def _path(self, key: str, suffix: str) -> Path:
        return self.root / key[:2] / f"{key}.{suffix}"

    @contextmanager
    def _whole(self, path: Path) -> Generator[IO[bytes]]:
        """A file that appears at `path` when it is complete and on the disk, or not at all."""
        partial = self.root / "partial" / f"{path.stem[:16]}.{uuid.uuid4().hex}.part"
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.parent.mkdir(exist_ok=True)
            file = partial.open("wb")
        try:
            try:
                yield file
                with self._explained():
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                with suppress(OSError):  # a full disk refuses the rest of the buffer again
                    file.close()
            with self._explained():
                partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            what = "there is no space left" if full else f"it cannot be written ({error.strerror})"
            remedy = "Free some space" if full else "Make it writable"
            raise StorageError(
                f"{self.root}: {what}. {remedy}, or name another folder in $TUNEBENCH_STORE, then run the "
                "same command again: the tracks that are decoded are kept."
            ) from error
