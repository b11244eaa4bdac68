"""From an event to the keys that it concerns: pure, and nothing else happens in a handler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from capforge_operator import labels
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import ResourceType
from capforge_operator.rbac import DEFAULT_POOL
from capforge_operator.resource_types import CAPABILITIES, DATASETS, JOBS, MODEL_TEMPLATES, PODS, TRAINING_RUNS

_OWN_KEYS: dict[ResourceType, tuple[Kind, ...]] = {
    CAPABILITIES: (Kind.CAPABILITY, Kind.CAPABILITY_DEPENDENTS),
    DATASETS: (Kind.DATASET, Kind.DATASET_DEPENDENTS),
    TRAINING_RUNS: (Kind.TRAINING_RUN,),
    MODEL_TEMPLATES: (Kind.MODEL_TEMPLATE, Kind.TEMPLATE_DEPENDENTS),
}
"""The object's own reconcile, and the one that rings whoever names it."""


def keys_of(resource: ResourceType, body: Mapping[str, Any]) -> list[Key]:
    """Return the keys to ring for an event of this object; events of a kind that nobody asked for have none."""
    metadata = body["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    if resource in _OWN_KEYS:
        own = [Key(kind, namespace, name) for kind in _OWN_KEYS[resource]]
        return own + list(_capability_of(resource, body))
    if resource in (JOBS, PODS):
        return list(_by_labels(namespace, metadata.get("labels", {})))
    return []


def _capability_of(resource: ResourceType, body: Mapping[str, Any]) -> Iterator[Key]:
    name = body.get("spec", {}).get("capabilityRef", {}).get("name") if resource is TRAINING_RUNS else None
    if name:
        yield Key(Kind.CAPABILITY, body["metadata"].get("namespace", ""), name)


def _by_labels(namespace: str, found: Mapping[str, str]) -> Iterator[Key]:
    component = found.get(labels.COMPONENT)
    if component == labels.SNAPSHOT and labels.DATASET in found:
        yield Key(Kind.DATASET, namespace, found[labels.DATASET])
    elif component == labels.TRAINER and labels.TRAINING_RUN in found:
        yield Key(Kind.TRAINING_RUN, namespace, found[labels.TRAINING_RUN])
    elif component in (labels.SERVING, labels.GATEWAY):
        yield Key(Kind.SERVING, "", found.get(labels.POOL, DEFAULT_POOL))
