"""Latencies that decide what is tried: each measured once a search, then taken from its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tunebench.catalog.spec import Values
from tunebench.search.journal import Journal


class Latencies:
    """Measures what the journal does not hold yet, and writes it down before anything is decided on it.

    A measurement is never the same twice, and a replayed search must decide as it did before.
    """

    def __init__(
        self,
        journal: Journal,
        events: Iterable[Mapping[str, Any]],
        *,
        key: Callable[[Values], str],
        measure: Callable[[Values], float],
    ) -> None:
        self._journal, self._key, self._measure = journal, key, measure
        self._known: dict[str, float | None] = {
            event["key"]: event["latency_ms"] for event in events if event["event"] == "latency"
        }

    def of(self, values: Values) -> float | None:
        """The latency of a configuration (ms), or None where it cannot be run."""
        key = self._key(values)
        if key not in self._known:
            latency, message = self._try(values)
            self._journal.append("latency", key=key, latency_ms=latency, message=message)
            self._known[key] = latency
        return self._known[key]

    def _try(self, values: Values) -> tuple[float | None, str]:
        try:
            return round(self._measure(values), 3), ""
        except Exception as error:  # one candidate must not take the search with it
            return None, " ".join(f"{type(error).__name__}: {error}".split())[:500]
