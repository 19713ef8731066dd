"""What Prometheus reads of a service."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tunebench.metrics.drift import Drift

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """Counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.accepted = self.answered = 0
        """Predictions that were begun, and those whose answer was sent."""
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "tunebench_requests", "Requests by route and status.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "tunebench_request_seconds", "From a request's first byte to its answer.", ["route"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.batches = Histogram(
            "tunebench_batch_windows", "Windows that one call of the model took.",
            buckets=(1, 2, 4, 8, 16, 32, 64), registry=registry,
        )  # fmt: skip
        self.waiting = Gauge("tunebench_requests_waiting", "Requests at work or waiting.", registry=registry)
        self.answers = Counter(
            "tunebench_answers", "Recordings by the class that was said.", ["label"], registry=registry
        )
        self.unsure = Counter("tunebench_unsure_answers", "Answers below the threshold.", registry=registry)
        self.swaps = Counter("tunebench_model_swaps", "Changes of the model.", registry=registry)
        self._model = Gauge(
            "tunebench_model_info", "The model in use.", ["name", "version", "runtime"], registry=registry
        )
        self._drift = Gauge(
            "tunebench_drift_index", "Population stability index against the bundle's reference.",
            ["statistic"], registry=registry,
        )  # fmt: skip
        self._drifted = Gauge(
            "tunebench_drifted", "1 where the index is above its threshold.", ["statistic"], registry=registry
        )

    def text(self, *, name: str, version: str, runtime: str, drift: list[Drift]) -> bytes:
        """All of it in Prometheus's text format."""
        self._model.clear()
        self._model.labels(name, version, runtime).set(1)
        self._drift.clear()
        self._drifted.clear()
        for one in drift:
            self._drift.labels(one.name).set(one.distance)
            self._drifted.labels(one.name).set(one.drifted)
        return generate_latest(self._registry)
