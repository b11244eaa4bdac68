"""What Prometheus is told."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from capforge_operator.keys import Kind

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The operator's figures, in a registry of their own."""

    def __init__(self) -> None:
        """Start at zero."""
        # They double the page and say nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._reconciles = Counter(
            "capforge_operator_reconciles", "Reconciles by outcome", ["kind", "outcome"], registry=self.registry
        )
        self._seconds = Histogram(
            "capforge_operator_reconcile_seconds",
            "Time of a reconcile",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._requests = Counter(
            "capforge_operator_api_requests", "Calls to the API server", ["verb", "resource"], registry=self.registry
        )
        self._waiting = Gauge("capforge_operator_queue_length", "Keys that wait for a worker", registry=self.registry)

    def reconciled(self, kind: Kind, outcome: str, seconds: float) -> None:
        """Count one reconcile."""
        self._reconciles.labels(kind.value, outcome).inc()
        self._seconds.labels(kind.value).observe(seconds)

    def called(self, verb: str, resource: str) -> None:
        """Count one call to the API server by RBAC verb and resource (`datasets/status`)."""
        self._requests.labels(verb, resource).inc()

    def watch_queue(self, length: Callable[[], int]) -> None:
        """Show the queue's length."""
        self._waiting.set_function(length)
