"""The port Pods on the API server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from capforge_operator.adapters.jobs import moment
from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target
from capforge_operator.ports import Json, PodFact
from capforge_operator.resource_types import PODS

_MESSAGE_CHARS = 4096
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class KubernetesPods:
    """Pods, reduced to facts."""

    def __init__(self, api: KubernetesApi) -> None:
        """Use this connection."""
        self._api = api

    async def list(self, namespace: str, labels: Mapping[str, str]) -> list[PodFact]:
        """Return the pods with all these labels, oldest first."""
        selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
        answer = await self._api.list(Target(PODS, namespace), {"labelSelector": selector})
        facts = [pod_fact(one) for one in answer["items"]]
        return sorted(facts, key=lambda pod: (pod.created or _LONG_AGO, pod.name))


def pod_fact(document: Json) -> PodFact:
    """Reduce a pod to what decisions need."""
    metadata, status = document["metadata"], document.get("status", {})
    conditions = {one["type"]: one for one in status.get("conditions", [])}
    containers = status.get("containerStatuses", [])
    ended = _ended(containers)
    waiting = _waiting(containers)
    return PodFact(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        phase=status.get("phase", "Pending"),
        ip=status.get("podIP", ""),
        ready=conditions.get("Ready", {}).get("status") == "True",
        deleting="deletionTimestamp" in metadata,
        created=moment(metadata.get("creationTimestamp")),
        labels=metadata.get("labels", {}),
        reason=status.get("reason", ""),
        message=status.get("message", "")[:_MESSAGE_CHARS],
        unschedulable=_unschedulable(conditions.get("PodScheduled", {})),
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", "")[:_MESSAGE_CHARS],
        exit_code=ended.get("exitCode"),
        exit_reason=ended.get("reason", ""),
        exit_message=ended.get("message", "")[:_MESSAGE_CHARS],
        disrupted=_disrupted(conditions.get("DisruptionTarget", {})),
        image_ids=tuple(one.get("imageID", "") for one in containers),
    )


def _ended(containers: list[Json]) -> dict[str, Any]:
    return dict(containers[0].get("state", {}).get("terminated", {})) if containers else {}


def _waiting(containers: list[Json]) -> dict[str, Any]:
    states = (one.get("state", {}).get("waiting", {}) for one in containers)
    return dict(next((state for state in states if state), {}))


def _unschedulable(scheduled: Json) -> str:
    refused = scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"
    return str(scheduled.get("message", "no node fits"))[:_MESSAGE_CHARS] if refused else ""


def _disrupted(target: Json) -> str:
    return str(target.get("reason", "Disrupted")) if target.get("status") == "True" else ""
