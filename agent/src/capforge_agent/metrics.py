"""What Prometheus reads from `/metrics`: of each desired model what it is, of steps how they went."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from capforge_contracts.build import RELEASE
from capforge_contracts.serving import DesiredModel, LoadState, PodState

_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
_MODEL = ("namespace", "capability", "version")


class Metrics:
    """The agent's own registry."""

    def __init__(self) -> None:
        # They double the page and say nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._steps = Counter("capforge_agent_steps", "Steps by outcome.", ["step", "outcome"], registry=self._registry)
        self._seconds = Histogram(
            "capforge_agent_step_duration_seconds",
            "Duration of a step.",
            ["step"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.documents_refused = Counter(
            "capforge_agent_documents_refused", "Desired documents that were not usable.", registry=self._registry
        )
        self._states = self._gauge("capforge_agent_model_state", "1: the desired model is in this state.", "state")
        self._failed = self._gauge("capforge_agent_model_failed", "1: why the desired model is not served.", "reason")
        self._load = self._gauge("capforge_agent_model_load_seconds", "What loading it took the last time.")
        self._loads: dict[str, float] = {}
        self._models = Gauge("capforge_agent_models", "Models by state.", ["state"], registry=self._registry)
        self._generation = Gauge(
            "capforge_agent_generation", "Generation of the desired document.", registry=self._registry
        )
        self._ready = Gauge("capforge_agent_ready", "1: every required model is served.", registry=self._registry)
        self._live = Gauge("capforge_agent_triton_up", "1: Triton answers.", registry=self._registry)
        build = Gauge("capforge_build_info", "1", ["component", "version"], registry=self._registry)
        build.labels("agent", RELEASE).set(1)

    def stepped(self, step: str, outcome: str, seconds: float) -> None:
        """Count one step."""
        self._steps.labels(step, outcome).inc()
        self._seconds.labels(step).observe(seconds)

    def loaded(self, model: str, seconds: float) -> None:
        """Note what loading a model took."""
        self._loads[model] = seconds

    def page(self, state: PodState, desired: Mapping[str, DesiredModel]) -> bytes:
        """Return the page in Prometheus' text format; models that are not desired any more have no series."""
        states = Count(model.state for model in state.models)
        for each in LoadState:
            self._models.labels(each).set(states[each])
        self._show_models(state, desired)
        self._generation.set(state.generation)
        self._ready.set(state.ready)
        self._live.set(bool(state.server_version))
        return generate_latest(self._registry)

    def _show_models(self, state: PodState, desired: Mapping[str, DesiredModel]) -> None:
        self._loads = {name: seconds for name, seconds in self._loads.items() if name in desired}
        for gauge in (self._states, self._failed, self._load):
            gauge.clear()
        for model in state.models:
            entry = desired.get(model.model)
            if entry is None:
                continue
            labels = (entry.namespace, entry.capability, entry.version)
            for each in LoadState:
                self._states.labels(*labels, each).set(model.state is each)
            if model.state is LoadState.FAILED:
                self._failed.labels(*labels, model.reason).set(1)
            if model.model in self._loads:
                self._load.labels(*labels).set(self._loads[model.model])

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, [*_MODEL, *labels], registry=self._registry)
