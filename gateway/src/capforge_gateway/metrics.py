"""What Prometheus reads. Labels come from the routing table only, never from what a stranger sends.

A version that is routed to no more has no series any more; what is still counted for it goes to its capability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from capforge_contracts.build import RELEASE
from capforge_gateway.figures import Figures, Product, families
from capforge_gateway.requests import Facts
from capforge_gateway.routing.routes import Routes

_NOBODY: Product = ("", "", "")
_CLASSES = {hundreds: f"{hundreds}xx" for hundreds in range(1, 6)}


class Predictions(Collector):
    """The figures of each product that is in the routing table, and of what came not so far."""

    def __init__(self) -> None:
        self._figures: dict[Product, Figures] = {_NOBODY: Figures()}
        self._by_model: dict[str, Product] = {}

    def collect(self) -> Iterator[Metric]:
        """Yield the families (the port of the Prometheus client)."""
        yield from families(self._figures)

    def retain(self, routes: Routes) -> None:
        """Follow the routing table: new products begin at zero, those that are gone have no series."""
        now = {_NOBODY, *_products(routes)}
        self._figures = {product: self._figures.get(product) or Figures() for product in sorted(now)}
        self._by_model = {
            version.model: (capability.namespace, capability.name, version.version)
            for capability in routes.capabilities.values()
            for version in capability.versions.values()
        }

    def of(self, namespace: str, capability: str, version: str) -> Figures:
        """Return where to count: the product itself, else the nearest that is in the routing table."""
        found = self._figures.get((namespace, capability, version))
        if found is None:
            found = self._figures.get((namespace, capability, "")) or self._figures.get((namespace, "", ""))
        return found or self._figures[_NOBODY]

    def of_model(self, model: str) -> Figures:
        """Return where to count what a model server does."""
        return self.of(*self._by_model.get(model, _NOBODY))


class Metrics:
    """All collectors, in a registry of their own so that two gateways fit into one test process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.predictions = Predictions()
        self.registry.register(self.predictions)
        ProcessCollector(registry=self.registry)
        self.in_flight = self._gauge("capforge_predict_in_flight", "Predictions under way.")
        self.waiting = self._gauge("capforge_predict_waiting", "Predictions that wait to be sent to a model server.")
        self.buffered = self._gauge("capforge_predict_buffered_bytes", "Request bodies held in memory.")
        self.generation = self._gauge(
            "capforge_gateway_routes_generation", "Of the routing table in force; -1: none yet."
        )
        self.capabilities = self._gauge("capforge_gateway_capabilities", "Capabilities in the routing table.")
        self.keys = self._gauge("capforge_gateway_api_keys", "API keys known.")
        self.ready = self._gauge("capforge_gateway_ready", "1: requests are welcome.")
        self.reader_up = self._gauge(
            "capforge_gateway_reader_up", "1: the candidates service answered when last asked; 0: it did not."
        )
        self.reader_up.set(1)
        build = Gauge("capforge_build_info", "1", ("component", "version"), registry=self.registry)
        build.labels("gateway", RELEASE).set(1)

    def observe(self, facts: Facts) -> None:
        """Count one answered prediction."""
        figures = self.predictions.of(facts.namespace, facts.capability, facts.version)
        code = _CLASSES.get(facts.status // 100, "other")
        figures.answers[code] = figures.answers.get(code, 0) + 1
        figures.duration.add(facts.seconds)
        if facts.code:
            figures.faults[facts.code] = figures.faults.get(facts.code, 0) + 1
        if facts.decode_seconds is not None:
            figures.decode.add(facts.decode_seconds)
        if facts.upstream_seconds is not None:
            figures.upstream.add(facts.upstream_seconds)
        if facts.entities:
            figures.entities += facts.entities

    def sent(self, model: str, images: int) -> None:
        """Count one request to a model server, with so many images in it."""
        self.predictions.of_model(model).batches.add(images)

    def server_failed(self, model: str) -> None:
        """Count one model server that failed a request."""
        self.predictions.of_model(model).failures += 1

    def count_dropped_lines(self, dropped: Callable[[], int]) -> None:
        """Show how many log lines nobody read fast enough."""
        self.registry.register(_Dropped(dropped))

    def exposition(self) -> bytes:
        """Return the text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, help_text: str) -> Gauge:
        return Gauge(name, help_text, registry=self.registry)


class _Dropped(Collector):
    def __init__(self, dropped: Callable[[], int]) -> None:
        self._dropped = dropped

    def collect(self) -> Iterable[Metric]:
        text = "Log lines dropped because nobody read them fast enough."
        yield CounterMetricFamily("capforge_gateway_log_lines_dropped", text, value=self._dropped())


def _products(routes: Routes) -> Iterator[Product]:
    for capability in routes.capabilities.values():
        namespace, name = capability.namespace, capability.name
        yield from ((namespace, "", ""), (namespace, name, ""))
        yield from ((namespace, name, version) for version in capability.versions)
