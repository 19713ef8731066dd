"""Whether a new model takes the place of the champion: only where the test side shows that it is better."""

from __future__ import annotations

from dataclasses import dataclass

from tunebench.errors import DataError
from tunebench.evaluation.compare import Comparison, compare
from tunebench.evaluation.predictions import Predictions


@dataclass(frozen=True, slots=True)
class Contender:
    """A model as the comparison needs it.

    `test_side` is the digest of its test side's corpus and split, `leakage` what the sides share. Where there
    are no predictions, `missing` says why.
    """

    name: str
    test_side: str | None
    split_hash: str | None
    predictions: Predictions | None
    leakage: str | None = "none"
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """`comparison` is challenger (A) and champion (B); None where they cannot be compared."""

    better: bool
    reason: str
    comparison: Comparison | None = None


def decide(challenger: Contender, champion: Contender) -> Decision:
    """Whether the challenger is better: the 95% interval of the paired difference lies wholly above 0.

    Challenger less champion, in accuracy per track, on the same test side. Validation does not count, since
    it chose both. What cannot be compared is not better, and the reason says why.
    """
    a, b = challenger.predictions, champion.predictions
    if a is None or b is None:
        lacking = challenger if a is None else champion
        return Decision(False, f"{lacking.name} cannot be compared: {lacking.missing or 'no predictions'}")
    if not a.on("test") or not b.on("test"):
        lacking = champion if a.on("test") else challenger
        return Decision(
            False, f"{lacking.name} has no test side, and validation does not count: it chose the model"
        )
    if challenger.test_side != champion.test_side:
        return Decision(False, _other_side(challenger, champion))
    try:
        found = compare(a, b, side="test")
    except DataError as error:
        return Decision(False, str(error).rstrip("."))
    leaky = "" if challenger.leakage == "none" else f" (leaky: the sides share {challenger.leakage}s)"
    return Decision(found.difference.low > 0, _figures(found, champion.name) + leaky, found)


def _other_side(challenger: Contender, champion: Contender) -> str:
    if challenger.split_hash != champion.split_hash:
        a, b = (str(model.split_hash)[:12] for model in (challenger, champion))
        return f"the two were tested on other splits, {challenger.name} on {a} and {champion.name} on {b}"
    return f"{challenger.name} and {champion.name} were tested on other audio under the same split"


def _figures(found: Comparison, champion: str) -> str:
    difference = found.difference
    where = (
        "lies above 0"
        if difference.low > 0
        else "lies below 0"
        if difference.high < 0
        else "does not lie above 0: these tracks do not tell which is better"
    )
    return (
        f"test accuracy per track {found.accuracy_a:.3f}, {champion} has {found.accuracy_b:.3f}; the 95% "
        f"interval of the difference on {found.tracks} tracks in {found.groups} groups, "
        f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}], {where}"
    )
