"""What is known of a search's space before it begins: the results of earlier searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, Literal

from tunebench.catalog.spec import Values


@dataclass(frozen=True, slots=True)
class Observation:
    """A configuration of this space that an earlier search trained for `epochs` epochs.

    `curve` is its score after some or all of them. It is `comparable` where that search had this one's
    corpus, split and objective; `source` numbers the searches, since scores of two others cannot be compared
    either.
    """

    values: Values
    curve: Mapping[int, float]
    epochs: int
    comparable: bool
    source: int = 0

    def score(self, direction: Literal["min", "max"], epochs: int | None = None) -> float | None:
        """The best score by the end of so many epochs, or of all; None where none is known by then."""
        known = [score for epoch, score in self.curve.items() if epochs is None or epoch <= epochs]
        return (min if direction == "min" else max)(known, default=None)


def best_first(observations: Sequence[Observation], direction: Literal["min", "max"]) -> list[Values]:
    """Their configurations: the best of each earlier search, then the second of each, and so on."""
    sign = 1 if direction == "min" else -1
    ranked: dict[int, list[tuple[float, int, int]]] = {}
    for index, seen in enumerate(observations):
        score = seen.score(direction)
        if score is not None:
            ranked.setdefault(seen.source, []).append((sign * score, -seen.epochs, index))
    in_turn = chain.from_iterable(zip_longest(*(sorted(rows) for rows in ranked.values())))
    return [observations[row[-1]].values for row in in_turn if row is not None]


def to_plain(observations: Sequence[Observation]) -> list[dict[str, Any]]:
    """As the journal holds them."""
    return [
        {
            "values": dict(seen.values),
            "curve": sorted(seen.curve.items()),
            "epochs": seen.epochs,
            "comparable": seen.comparable,
            "source": seen.source,
        }
        for seen in observations
    ]


def from_plain(plain: Sequence[Mapping[str, Any]]) -> list[Observation]:
    """Out of the journal."""
    return [Observation(**{**seen, "curve": dict(seen["curve"])}) for seen in plain]
