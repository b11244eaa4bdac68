"""What Prometheus reads from `/metrics`."""

from __future__ import annotations

from collections import Counter as Count

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from capforge_contracts.serving import LoadState, PodState

_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)


class Metrics:
    """The agent's own registry."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._steps = Counter("capforge_agent_steps", "Steps by outcome", ["step", "outcome"], registry=self._registry)
        self._seconds = Histogram(
            "capforge_agent_step_seconds", "Duration of a step", ["step"], buckets=_SECONDS, registry=self._registry
        )
        self.documents_refused = Counter(
            "capforge_agent_documents_refused", "Desired documents that were not usable", registry=self._registry
        )
        self._models = Gauge("capforge_agent_models", "Models by state", ["state"], registry=self._registry)
        self._generation = Gauge("capforge_agent_generation", "Generation worked on", registry=self._registry)
        self._ready = Gauge("capforge_agent_ready", "1: every required model is served", registry=self._registry)
        self._live = Gauge("capforge_agent_triton_up", "1: Triton answers", registry=self._registry)

    def stepped(self, step: str, outcome: str, seconds: float) -> None:
        """Count one step."""
        self._steps.labels(step, outcome).inc()
        self._seconds.labels(step).observe(seconds)

    def page(self, state: PodState) -> bytes:
        """Return the page in Prometheus' text format."""
        states = Count(model.state for model in state.models)
        for each in LoadState:
            self._models.labels(each).set(states[each])
        self._generation.set(state.generation)
        self._ready.set(state.ready)
        self._live.set(bool(state.server_version))
        return generate_latest(self._registry)
