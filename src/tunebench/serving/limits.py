"""The bounds of the service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may ask for, each and all together."""

    bytes: int = 32 * 2**20
    """Of an upload, and of all files of a batch together."""

    seconds: float = 600.0
    """Of a recording."""

    decode_s: float = 20.0
    """Of decoding one."""

    receive_s: float = 30.0
    """Of sending one."""

    waiting: int = 256
    """Requests at work or waiting; above, 429 is the answer."""

    files: int = 32
    """Of a batch."""

    links: int = 8
    """Links that are fetched or wait for it; above, 429 is the answer."""

    held_bytes: int = 256 * 2**20
    """Of all requests' bodies together; above, 429 is the answer."""

    decoded_bytes: int = 256 * 2**20
    """Of all recordings that were decoded; the next one waits while there are more."""
