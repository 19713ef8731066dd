"""What tracking is told about a search before its first trial."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunebench.trial import TrialRequest


@dataclass(frozen=True, slots=True)
class SearchInfo:
    """Which search this is, and on what data.

    Its parent run is found again by `search_id`, which `--fresh` renews. `sides` counts the segments of
    `train`, `validation` and `test`; `data` is any further description of the corpus. `files` are logged
    as they are when the search ends, those that exist.
    """

    search_id: str
    split_hash: str
    leakage: str
    corpus_digest: str
    sides: Mapping[str, int]
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    files: Sequence[Path] = ()

    def digest(self, side: str) -> str:
        """Changes with the corpus, with the split and with the side."""
        return side_digest(self.corpus_digest, self.split_hash, side)


def side_digest(corpus_digest: str, split_hash: str, side: str) -> str:
    """Names one side of a corpus's split."""
    return hashlib.sha256(f"{corpus_digest} {split_hash} {side}".encode()).hexdigest()[:16]


def key_of(request: TrialRequest) -> str:
    """What has a run of its own: a configuration, whatever its rung, or one repeat of a finalist."""
    return request.trial if request.kind == "repeat" else request.configuration
