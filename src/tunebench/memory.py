"""The process's memory as the system sees it."""

from __future__ import annotations

import ctypes


def give_back_memory() -> None:
    """Hand memory that was freed back to the system, where the allocator can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
