"""Two searches side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tunebench.app.folder import existing_folder
from tunebench.app.session import last_summary
from tunebench.errors import InputError
from tunebench.evaluation.compare import Comparison, compare
from tunebench.evaluation.predictions import Predictions, from_csv


@dataclass(frozen=True, slots=True)
class SearchComparison:
    """Two searches' winners on the same tracks, and what must be known to believe it."""

    figures: Comparison
    leakage: tuple[str, str]
    test_reads: tuple[int, int]


def compare_searches(a: str, b: str) -> SearchComparison:
    """Compare the winners of two searches on their test side, or on validation where they have none.

    Raises:
        InputError: there is no such search, or it has no result.
        DataError: they were tested on other tracks.
    """
    (one, of_a), (other, of_b) = _result(a), _result(b)
    side = "test" if of_a.on("test") or of_b.on("test") else "validation"
    return SearchComparison(
        compare(of_a, of_b, side=side),
        (one["data"]["leakage"], other["data"]["leakage"]),
        (one["winner"]["test_reads"], other["winner"]["test_reads"]),
    )


def _result(name: str) -> tuple[dict[str, Any], Predictions]:
    folder = existing_folder(name)
    summary = last_summary(folder)
    if summary is None or not folder.predictions.exists():
        raise InputError(
            f"search '{name}' has no predictions to compare: run `tunebench search {folder.space}` to its "
            "end, or anew with --fresh where an older version of tunebench ran it"
        )
    return summary, from_csv(folder.predictions.read_text(encoding="utf-8"), str(folder.predictions))
