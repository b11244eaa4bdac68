"""What Prometheus reads. Labels come from the routing table only, never from what a stranger sends."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from capforge_gateway.requests import Facts

_PRODUCT = ("namespace", "capability", "version")
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """All collectors, in a registry of their own so that two gateways fit into one test process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "capforge_predict_requests_total", "Predictions answered.", (*_PRODUCT, "code"), registry=self.registry
        )
        self.duration = Histogram(
            "capforge_predict_duration_seconds", "Whole request.", _PRODUCT, buckets=_SECONDS, registry=self.registry
        )
        self.decode = Histogram(
            "capforge_predict_decode_seconds",
            "Decoding and scaling.",
            _PRODUCT,
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.upstream = Histogram(
            "capforge_predict_upstream_seconds", "Model server.", _PRODUCT, buckets=_SECONDS, registry=self.registry
        )
        self.entities = Counter(
            "capforge_predict_entities_total", "Entities answered.", _PRODUCT, registry=self.registry
        )
        self.in_flight = self._gauge("capforge_predict_in_flight", "Predictions under way.")
        self.buffered = self._gauge("capforge_predict_buffered_bytes", "Request bodies held in memory.")
        self.generation = self._gauge("capforge_routes_generation", "Of the routing table in force; -1: none yet.")
        self.capabilities = self._gauge("capforge_routes_capabilities", "Capabilities in the routing table.")
        self.keys = self._gauge("capforge_api_keys", "API keys known.")
        self.log_dropped = self._gauge(
            "capforge_log_lines_dropped", "Log lines dropped because nobody read them fast enough."
        )

    def observe(self, facts: Facts) -> None:
        """Count one answered prediction."""
        product = (facts.namespace, facts.capability, facts.version)
        self.requests.labels(*product, str(facts.status)).inc()
        self.duration.labels(*product).observe(facts.seconds)
        if facts.decode_seconds is not None:
            self.decode.labels(*product).observe(facts.decode_seconds)
        if facts.upstream_seconds is not None:
            self.upstream.labels(*product).observe(facts.upstream_seconds)
        if facts.entities:
            self.entities.labels(*product).inc(facts.entities)

    def exposition(self) -> bytes:
        """Return the text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, help_text: str) -> Gauge:
        return Gauge(name, help_text, registry=self.registry)
