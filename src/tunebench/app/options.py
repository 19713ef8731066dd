"""How a search is run, beside what its file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to the file.

    `workers` processes run trials at once, each with `threads` threads (all cores divided by the workers if
    None); a trial of which no epoch ends for `hung_after_s` is given to another worker. How many work does
    not change what is found; `threads` does in the last digits, since sums are split differently. `address`
    of the cluster and `gpus` of each worker are for Ray.
    """

    fresh: bool = False
    max_trials: int | None = None
    executor: Literal["inline", "processes", "ray"] = "inline"
    workers: int = 1
    threads: int | None = None
    hung_after_s: float | None = None
    address: str | None = None
    gpus: float | None = None


DEFAULTS = Options()
