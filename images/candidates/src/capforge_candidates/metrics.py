"""What Prometheus reads."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from capforge_candidates.readers import Readers
from capforge_contracts.build import RELEASE

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counted where it happens, or asked for when it is read."""

    def __init__(self, readers: Readers) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._registry = registry
        self.documents = Counter(
            "capforge_candidates_documents_total",
            "Documents answered, by outcome: ok, or the fault's code.",
            ["outcome"],
            registry=registry,
        )
        self.seconds = Histogram(
            "capforge_candidates_reading_seconds",
            "From a document's arrival to its reading, waiting included.",
            registry=registry,
            buckets=_SECONDS,
        )
        _gauge(registry, "waiting", "Documents that wait for a reading process.", lambda: readers.waiting)
        _gauge(registry, "reading", "Documents being read.", lambda: readers.reading)
        _gauge(
            registry, "processes_replaced", "Reading processes that ended or were used up.", lambda: readers.replaced
        )
        _gauge(registry, "engine_ready", "1 while the engine is there.", lambda: not readers.state.away)
        build = Gauge("capforge_build_info", "1", ["component", "version"], registry=registry)
        build.labels("candidates", RELEASE).set(1)

    def exposition(self) -> bytes:
        """Return the text format."""
        return generate_latest(self._registry)


def _gauge(registry: CollectorRegistry, name: str, text: str, value: object) -> None:
    gauge = Gauge(f"capforge_candidates_{name}", text, registry=registry)
    gauge.set_function(value)  # type: ignore[arg-type]  # a callable that gives a number
