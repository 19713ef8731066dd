"""The bounds of the service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask for."""

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
