"""Dealing whole units (groups, tracks, segments) to the sides of a split, with each class in proportion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_EFFORT = 200_000
_MOST_TRIES = 16


def deal(
    counts: NDArray[np.int64], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Assign units to sides so that each side holds its share of each class, as far as whole units allow.

    Units are dealt greedily in random order, each to the side that lacks most of its classes; while a class
    has only as many units left as sides without it, they go to those sides, the first side first. The best
    of several orders is kept: least squared deviation from the shares, after fewest sides without a class.

    Args:
        counts: items of each class in each unit, shape (units, classes).
        shares: what each side is to hold of every class, shape (sides,), in sum 1. The first is training.
        rng: draws the orders.

    Returns:
        The side of each unit, shape (units,).
    """
    tries = int(np.clip(_EFFORT // max(1, len(counts)), 1, _MOST_TRIES))
    dealt = [_deal_once(counts, shares, rng.permutation(len(counts))) for _ in range(tries)]
    return min(dealt, key=lambda sides: _badness(counts, shares, sides))


def _deal_once(
    counts: NDArray[np.int64], shares: NDArray[np.float64], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    totals = np.maximum(counts.sum(axis=0), 1)
    sides = range(len(shares))
    wanted = [side for side in sides if shares[side] > 0]
    lack = [[float(share * total) for total in totals] for share in shares]  # by side, class
    without = [set(wanted) for _ in totals]  # sides that have nothing of a class yet
    units_left = np.count_nonzero(counts, axis=0).tolist()
    weight = (1.0 / totals.astype(float) ** 2).tolist()
    result = np.zeros(len(counts), np.int64)
    for unit in order.tolist():
        present = [(int(label), int(counts[unit, label])) for label in np.flatnonzero(counts[unit])]
        last_chances = (without[label] for label, _ in present if units_left[label] <= len(without[label]))
        open_sides = sorted(set[int]().union(*last_chances)) or wanted
        needs = [sum(n * lack[side][label] * weight[label] for label, n in present) for side in open_sides]
        side = open_sides[int(np.argmax(needs))]
        result[unit] = side
        for label, n in present:
            lack[side][label] -= n
            without[label].discard(side)
            units_left[label] -= 1
    return result


def _badness(
    counts: NDArray[np.int64], shares: NDArray[np.float64], sides: NDArray[np.int64]
) -> tuple[int, int, float]:
    held = np.stack([counts[sides == side].sum(axis=0) for side in range(len(shares))])  # (sides, classes)
    totals = np.maximum(counts.sum(axis=0), 1)
    absent = (held == 0) & (shares[:, None] > 0)
    return int(absent[0].sum()), int(absent.sum()), float(((held / totals - shares[:, None]) ** 2).sum())
