"""Measurements that decide what is tried: each made once a search, then taken from its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tunebench.catalog.spec import Values
from tunebench.search.journal import Journal

Figures = Mapping[str, float]


class Measurements:
    """Measures what the journal does not hold yet, and writes it down before anything is decided on it.

    A measurement is never the same twice, and a replayed search must decide as it did before.

    Args:
        journal: to write to.
        events: what it holds.
        event: the kind of event.
        names: of the figures that `measure` gives; null in the journal where it could not be made.
        key: what a configuration's measurement depends on.
        measure: makes it.
        on_measured: receives a new event, once it is on disk.
    """

    def __init__(
        self,
        journal: Journal,
        events: Iterable[Mapping[str, Any]],
        *,
        event: str,
        names: tuple[str, ...],
        key: Callable[[Values], str],
        measure: Callable[[Values], Figures],
        on_measured: Callable[[Mapping[str, Any]], None] = lambda event: None,
    ) -> None:
        self._journal, self._event, self._names = journal, event, names
        self._key, self._measure, self._on_measured = key, measure, on_measured
        self._known = {held["key"]: self._figures(held) for held in events if held["event"] == event}

    def of(self, values: Values) -> Figures | None:
        """The figures of a configuration, or None where it cannot be run."""
        key = self._key(values)
        if key not in self._known:
            figures, message = self._try(values)
            fields = {"key": key, **{name: figures.get(name) for name in self._names}, "message": message}
            self._journal.append(self._event, **fields)
            self._on_measured({"event": self._event, **fields})
            self._known[key] = self._figures(fields)
        return self._known[key]

    def _figures(self, held: Mapping[str, Any]) -> Figures | None:
        found = {name: held[name] for name in self._names}
        return None if None in found.values() else found

    def _try(self, values: Values) -> tuple[Figures, str]:
        try:
            return {name: round(figure, 3) for name, figure in self._measure(values).items()}, ""
        except Exception as error:  # one candidate must not take the search with it
            return {}, " ".join(f"{type(error).__name__}: {error}".split())[:500]


class Latencies:
    """Latencies (ms) in the searching program."""

    def __init__(
        self,
        journal: Journal,
        events: Iterable[Mapping[str, Any]],
        *,
        key: Callable[[Values], str],
        measure: Callable[[Values], float],
    ) -> None:
        self._measurements = Measurements(
            journal, events, event="latency", names=("latency_ms",), key=key,
            measure=lambda values: {"latency_ms": measure(values)},
        )  # fmt: skip

    def of(self, values: Values) -> float | None:
        """The latency of a configuration, or None where it cannot be run."""
        found = self._measurements.of(values)
        return None if found is None else found["latency_ms"]
