"""A synthetic corpus of genres and artists, to try the whole program on without owning any audio."""

from __future__ import annotations

from tunebench.audio.demo.corpus import DemoSummary, write

__all__ = ["DemoSummary", "write"]
