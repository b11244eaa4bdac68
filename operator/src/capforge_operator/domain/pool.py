"""What the serving pods say about the models that they should have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

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


AWAITING_TRIAL = "AwaitingTrial"
"""An agent's reason: another pod tries the model first."""


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
        Where no pod is left, those of which nothing is known keep what they had, marked as doubtful: asking them may
        help, and asking nobody cannot.
        """
        kept = {(one.pod, one.address) for one in before}
        staying = [pod for pod in self.pods if not pod.deleting]
        found = [pod.endpoint for pod in staying if _serves(pod, model, kept)]
        if found:
            return found
        return [pod.endpoint.model_copy(update={"doubtful": True}) for pod in staying if _may_serve(pod, kept)]

    def is_ready(self, model: str) -> bool:
        """Tell whether any pod has the model loaded and proven."""
        return bool(self.endpoints(model))

    def is_spread(self, model: str) -> bool:
        """Tell whether no pod is still on its way with the model: each has proven it, or has failed to."""
        said = [pod.model(model) for pod in self.pods if pod.state is not None and not pod.deleting]
        return all(one is not None and one.state in {LoadState.READY, LoadState.FAILED} for one in said)

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

    @cached_property
    def shape(self) -> tuple[object, ...]:
        """The pods without their models; only for comparison."""
        return tuple(
            (pod.name, pod.ip, pod.ready, pod.deleting, pod.state and pod.state.server_version) for pod in self.pods
        )

    @cached_property
    def standing(self) -> Mapping[str, tuple[object, ...]]:
        """What each pod says about each model; only for comparison."""
        found: dict[str, tuple[object, ...]] = {}
        for pod in self.pods:
            for one in pod.state.models if pod.state else ():
                found[one.model] = (*found.get(one.model, ()), (pod.name, one.state, one.reason, one.message))
        return found

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


def _serves(pod: PodView, model: str, before: Collection[tuple[str, str]]) -> bool:
    if pod.state is None:
        return pod.ready and _had(pod, before)
    said = pod.model(model)
    return said is not None and said.state is LoadState.READY


def _may_serve(pod: PodView, before: Collection[tuple[str, str]]) -> bool:
    """Nothing is known of its server: the agent is silent, or its server is silent to it."""
    return (pod.state is None or not pod.state.server_version) and _had(pod, before)


def _had(pod: PodView, before: Collection[tuple[str, str]]) -> bool:
    return (pod.endpoint.pod, pod.endpoint.address) in before
