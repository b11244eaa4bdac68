"""What Prometheus reads about the storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class StorageFigures:
    """Series by what was done (a method's name), never by tenant: what is counted by tenant is the operator's."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "capforge_storage_transaction_seconds",
            "One transaction, with the wait for a connection.",
            ("what",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._failures = Counter(
            "capforge_storage_failures",
            "Calls that failed because PostgreSQL (a transaction) or the object store (blob-*) did not answer.",
            ("what",),
            registry=registry,
        )
        self._up = Gauge(
            "capforge_storage_up", "1: it answered when last asked; 0: it did not.", ("part",), registry=registry
        )
        self._readings = Counter(
            "capforge_storage_readings",
            "Readings asked for, by where they came from: memory, shared (with one under way), storage, reader.",
            ("source",),
            registry=registry,
        )
        self._registry = registry

    def took(self, what: str, seconds: float) -> None:
        """Count one transaction."""
        self._seconds.labels(what).observe(seconds)

    def failed(self, what: str) -> None:
        """Count one call that got no answer."""
        self._failures.labels(what).inc()

    def up(self, part: str, *, is_up: bool) -> None:
        """Note whether `database` or `objectStore` answers."""
        self._up.labels(part).set(is_up)

    def reading_from(self, source: str) -> None:
        """Count one reading that was asked for."""
        self._readings.labels(source).inc()

    def watch(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """Show a value that is asked for when Prometheus does."""
        self._registry.register(_Live(name, help_text, value))


class _Live(Collector):
    def __init__(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        self._name, self._help, self._value = name, help_text, value

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(self._name, self._help, value=self._value())
