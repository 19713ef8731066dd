"""The processor cores that this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Of a container: microseconds of processor time in each period, or `max`, and the period (cgroup v2)."""


def own_cores() -> list[int]:
    """Numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def usable_cores() -> int:
    """How many cores' time this process may use: of its own, as much as the container's quota gives."""
    there = len(own_cores())
    try:
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        return max(1, min(there, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no container, or no quota
        return there
