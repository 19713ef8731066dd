"""The stretch of a track that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from tunebench.space.sections import TrimSection


@dataclass(frozen=True, slots=True)
class Trim:
    """Keep `seconds` from `offset_s` on, or from the middle where `offset_s` is None.

    A track that is shorter than the stretch gives what it has.
    """

    seconds: float
    offset_s: float | None = 0.0

    @classmethod
    def of(cls, section: TrimSection | None) -> Self | None:
        """The trim that `data.trim` declares."""
        if section is None:
            return None
        return cls(section.seconds, None if section.from_ == "middle" else section.offset)

    def stretch(self, frames: int, rate_hz: int) -> tuple[int, int]:
        """First and last-but-one frame to keep of a track of `frames` frames at `rate_hz`."""
        length = round(self.seconds * rate_hz)
        start = max(0, (frames - length) // 2) if self.offset_s is None else round(self.offset_s * rate_hz)
        return start, start + length
