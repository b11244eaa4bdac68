"""From an event to the keys that it concerns: nothing else happens in a handler."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from capforge_operator import labels
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Bell, ResourceType
from capforge_operator.rbac import DEFAULT_POOL
from capforge_operator.resource_types import CAPABILITIES, DATASETS, MODEL_TEMPLATES, TRAINING_RUNS
from capforge_operator.runtime.acquaintances import Acquaintances
from capforge_operator.runtime.echoes import Echoes
from capforge_operator.runtime.liveness import Liveness, sighting

OWN_KINDS: dict[ResourceType, Kind] = {
    CAPABILITIES: Kind.CAPABILITY,
    DATASETS: Kind.DATASET,
    TRAINING_RUNS: Kind.TRAINING_RUN,
    MODEL_TEMPLATES: Kind.MODEL_TEMPLATE,
}


@dataclass(frozen=True)
class Doorbell:
    """Rings for an object itself (unless the event is the echo of our own write), and for whoever waits for it."""

    bell: Bell
    liveness: Liveness
    echoes: Echoes
    acquaintances: Acquaintances = field(default_factory=Acquaintances)

    def heard(self, resource: ResourceType, body: Mapping[str, Any], *, gone: bool = False) -> None:
        """Take an event of a watched object."""
        self.bell.ring(*self._keys(resource, body, gone=gone))

    def _keys(self, resource: ResourceType, body: Mapping[str, Any], *, gone: bool) -> list[Key]:
        metadata = body["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        if resource not in OWN_KINDS:
            return list(_by_labels(namespace, metadata.get("labels", {})))
        seen = sighting(resource, metadata)
        self.liveness.brought(seen, gone=gone)
        own = Key(OWN_KINDS[resource], sys.intern(namespace), sys.intern(name))
        keys = [] if self.echoes.is_echo(seen) and not gone else [own]
        if resource is TRAINING_RUNS:
            return keys + self.acquaintances.saw(own, body, gone=gone)
        if resource is CAPABILITIES:
            self.acquaintances.saw_capability(own, body, gone=gone)
        if resource is DATASETS:
            keys += _automatic(namespace, body)
        return keys + self.acquaintances.waiting_for([own])


def _automatic(namespace: str, body: Mapping[str, Any]) -> Iterator[Key]:
    """Return the capability that made a Dataset for its automatic run, and goes on where that cannot be had."""
    for owner in body["metadata"].get("ownerReferences", ()):
        if owner.get("controller") and owner.get("kind") == CAPABILITIES.kind:
            yield Key(Kind.CAPABILITY, namespace, owner["name"])


def _by_labels(namespace: str, found: Mapping[str, str]) -> Iterator[Key]:
    component = found.get(labels.COMPONENT)
    if component == labels.SNAPSHOT and labels.DATASET in found:
        yield Key(Kind.DATASET, namespace, found[labels.DATASET])
    elif component == labels.TRAINER and labels.TRAINING_RUN in found:
        yield Key(Kind.TRAINING_RUN, namespace, found[labels.TRAINING_RUN])
    elif component in (labels.SERVING, labels.GATEWAY):
        yield Key(Kind.SERVING, "", found.get(labels.POOL, DEFAULT_POOL))
