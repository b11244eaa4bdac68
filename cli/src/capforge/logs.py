"""`capforge logs`: what a training run's pods say, or why there is nothing to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from capforge.cluster.connection import Cluster, explained
from capforge.errors import CliError
from capforge_contracts.names import LABEL_PREFIX

_RUN_LABEL = f"{LABEL_PREFIX}/training-run"
_NOT_STARTED = {"Pending", "Unknown"}


def lines(cluster: Cluster, namespace: str, run: str, *, follow: bool) -> Iterator[str]:
    """Yield the log of the run's newest pod; raises CliError saying why there is none."""
    document = cluster.object("trainingruns", namespace, run)
    pod = _newest_pod(cluster, namespace, run)
    if pod is None:
        raise CliError(f"TrainingRun {namespace}/{run} has no pod to read from: {_state(document)}")
    if pod.status.phase in _NOT_STARTED:
        raise CliError(f"pod {pod.metadata.name} has not started: {_waiting(pod)}", f"Or: {_state(document)}")
    with explained(f"read the log of pod {pod.metadata.name}"):
        stream = cluster.core.read_namespaced_pod_log(
            pod.metadata.name, namespace, follow=follow, _preload_content=False
        )
        for line in stream:
            yield line.decode(errors="replace").rstrip("\n")


def _newest_pod(cluster: Cluster, namespace: str, run: str) -> Any | None:
    with explained(f"list the pods of TrainingRun {namespace}/{run}"):
        pods = cluster.core.list_namespaced_pod(namespace, label_selector=f"{_RUN_LABEL}={run}").items
    return max(pods, key=lambda pod: pod.metadata.creation_timestamp, default=None)


def _state(document: dict[str, Any]) -> str:
    conditions = (document.get("status") or {}).get("conditions") or []
    found = next((one for one in conditions if one["type"] == "Succeeded"), None)
    return f"{found['reason']}: {found['message']}" if found else "the operator has not looked at it yet"


def _waiting(pod: Any) -> str:
    for container in pod.status.container_statuses or []:
        if container.state.waiting is not None:
            return f"{container.state.waiting.reason}: {container.state.waiting.message or ''}".strip(": ")
    unschedulable = [one.message for one in pod.status.conditions or [] if one.status == "False" and one.message]
    return unschedulable[0] if unschedulable else "it waits for its node"
