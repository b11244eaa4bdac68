"""What the serving pods say about the models that they should have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from capforge_contracts.names import TRITON_HTTP_PORT
from capforge_contracts.serving import Endpoint, LoadState, ModelState, PodState


@dataclass(frozen=True)
class PodView:
    """One serving pod and what its agent answered; no state where it did not answer."""

    name: str
    ip: str
    ready: bool
    deleting: bool
    state: PodState | None

    @property
    def endpoint(self) -> Endpoint:
        """Where the pod's Triton answers."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip  # IPv6
        return Endpoint(pod=self.name, address=f"{host}:{TRITON_HTTP_PORT}")

    def is_behind(self, generation: int) -> bool:
        """Tell whether the agent answered that it works on another document."""
        return self.state is not None and not self.deleting and self.state.generation != generation

    def model(self, model: str) -> ModelState | None:
        """Return what the agent says about a model."""
        return next((one for one in self.state.models if one.model == model), None) if self.state else None


class Loading(StrEnum):
    """How a model stands over all pods."""

    READY = "Ready"
    LOADING = "Loading"
    FAILED = "Failed"
    NO_PODS = "NoPods"


@dataclass(frozen=True)
class ModelView:
    """How a model stands over all pods."""

    loading: Loading
    ready_pods: int = 0
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Pool:
    """The serving pods of one pool, sorted by name."""

    pods: tuple[PodView, ...] = ()

    @classmethod
    def of(cls, pods: Iterable[PodView]) -> Pool:
        """Put pods into their order."""
        return cls(tuple(sorted(pods, key=lambda pod: pod.name)))

    def endpoints(self, model: str, before: Iterable[Endpoint] = ()) -> list[Endpoint]:
        """Return the pods that have the model loaded and proven.

        A pod whose agent does not answer for a moment keeps what it had before as long as Kubernetes calls it ready.
        """
        kept = set(before)
        return [pod.endpoint for pod in self.pods if not pod.deleting and _serves(pod, model, kept)]

    def is_ready(self, model: str) -> bool:
        """Tell whether any pod has the model loaded and proven."""
        return bool(self.endpoints(model))

    def view(self, model: str) -> ModelView:
        """Sum up the pods' words about a model: ready anywhere, else failed anywhere, else on its way."""
        said = [state for pod in self.pods if not pod.deleting and (state := pod.model(model))]
        ready = sum(1 for state in said if state.state is LoadState.READY)
        if ready:
            return ModelView(Loading.READY, ready)
        failed = next((state for state in said if state.state is LoadState.FAILED), None)
        if failed:
            return ModelView(Loading.FAILED, reason=failed.reason, message=failed.message)
        return ModelView(Loading.LOADING if any(not pod.deleting for pod in self.pods) else Loading.NO_PODS)

    @property
    def server_versions(self) -> frozenset[str]:
        """The Triton versions that run in the pool now."""
        return frozenset(pod.state.server_version for pod in self.pods if pod.state and pod.state.server_version)

    @property
    def newest_generation(self) -> int:
        """The highest generation that an agent works on."""
        return max((pod.state.generation for pod in self.pods if pod.state), default=0)

    def proven(self) -> dict[str, set[str]]:
        """Return the models that pods have proven, by Triton version."""
        found: dict[str, set[str]] = {}
        for pod in self.pods:
            if pod.state and pod.state.server_version:
                ready = {one.model for one in pod.state.models if one.state is LoadState.READY}
                found.setdefault(pod.state.server_version, set()).update(ready)
        return found


def _serves(pod: PodView, model: str, before: set[Endpoint]) -> bool:
    if pod.state is None:
        return pod.ready and pod.endpoint in before
    said = pod.model(model)
    return said is not None and said.state is LoadState.READY
