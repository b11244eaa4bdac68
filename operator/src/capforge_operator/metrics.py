"""What Prometheus is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import product

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from capforge_contracts.build import RELEASE
from capforge_operator.keys import Kind
from capforge_operator.levels import Levels

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_STORE_CALLS = "Calls to the object store; absent and existing objects are good answers."
_TOLD = "Tries to tell somebody how a run ended: sent, refused for good, or delayed (it is tried again)."
_RESYNC = "When all objects were last listed and rung for."


class Metrics:
    """The operator's figures, in a registry of their own."""

    def __init__(self) -> None:
        """Start at zero."""
        # They double the page and say nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.levels = Levels(lambda: datetime.now(UTC))
        self.registry.register(self.levels)
        ProcessCollector(registry=self.registry)
        counter, gauge = partial(Counter, registry=self.registry), partial(Gauge, registry=self.registry)
        gauge("capforge_build_info", "1", ["component", "version"]).labels("operator", RELEASE).set(1)
        self._reconciles = counter("capforge_operator_reconciles", "Reconciles by outcome.", ["kind", "outcome"])
        seconds = ("capforge_operator_reconcile_duration_seconds", "Time of a reconcile.", ["kind"])
        self._seconds = Histogram(*seconds, buckets=_SECONDS, registry=self.registry)
        self._requests = counter("capforge_operator_api_requests", "Calls to the API server.", ["verb", "resource"])
        self._store = counter("capforge_operator_store_requests", _STORE_CALLS, ["operation", "outcome"])
        self._notifications = counter("capforge_notifications", _TOLD, ["kind", "outcome"])
        for kind, outcome in product(("mail", "webhook"), ("sent", "refused", "delayed")):
            self._notifications.labels(kind, outcome)  # a rate must not miss the first one
        self._waiting = gauge("capforge_operator_queue_depth", "Keys that wait for a worker.")
        self._resync = gauge("capforge_operator_last_resync_timestamp_seconds", _RESYNC)
        self._healthy = gauge("capforge_operator_healthy", "1: loop and watches are alive.")

    def reconciled(self, kind: Kind, outcome: str, seconds: float) -> None:
        """Count one reconcile."""
        self._reconciles.labels(kind.value, outcome).inc()
        self._seconds.labels(kind.value).observe(seconds)

    def called(self, verb: str, resource: str) -> None:
        """Count one call to the API server by RBAC verb and resource (`datasets/status`)."""
        self._requests.labels(verb, resource).inc()

    def stored(self, operation: str, outcome: str) -> None:
        """Count one call to the object store: outcome is done or error."""
        self._store.labels(operation, outcome).inc()

    def notified(self, kind: str, outcome: str) -> None:
        """Count one try to tell somebody: by mail or webhook; sent, refused or delayed."""
        self._notifications.labels(kind, outcome).inc()

    def resynced(self) -> None:
        """Note that everything was listed."""
        self._resync.set(time.time())

    def watch_queue(self, length: Callable[[], int]) -> None:
        """Show the queue's length."""
        self._waiting.set_function(length)

    def watch_health(self, faults: Callable[[], list[str]]) -> None:
        """Show what the liveness probe says."""
        self._healthy.set_function(lambda: not faults())
