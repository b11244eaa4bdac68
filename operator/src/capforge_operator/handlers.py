"""kopf as the doorbell: it watches and reconnects, its handlers ring, nothing else.

kopf's own create/update handlers, timers, daemons and indexes are not used: they are edge-triggered, keep state in
annotations and finalizers, or overlap on one object.
"""

from __future__ import annotations

import os
from typing import Any

import kopf

from capforge_contracts.names import API_GROUP
from capforge_operator.doorbell import Doorbell
from capforge_operator.labels import WATCH_SELECTOR
from capforge_operator.ports import ResourceType
from capforge_operator.resource_types import JOBS, OUR_KINDS, PODS

CHILDREN = (JOBS, PODS)
_PAGE_OBJECTS = 250


def registry(doorbell: Doorbell) -> kopf.OperatorRegistry:
    """Return the handlers: one for each watched kind."""
    found = kopf.OperatorRegistry()
    kopf.on.login(registry=found)(_login)
    for resource in (*OUR_KINDS, *CHILDREN):
        _watch(found, resource, doorbell)
    return found


def operator_settings() -> kopf.OperatorSettings:
    """Return how kopf watches."""
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.posting.enabled = False  # events are ours: aggregated
    settings.scanning.disabled = True  # needs no rights on CRDs and namespaces
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.watching.reconnect_backoff = 1.0
    settings.watching.chunk_size = _PAGE_OBJECTS
    settings.queueing.idle_timeout = 1.0
    # Never used, since no handler needs them; ours, should kopf ever write one.
    settings.persistence.finalizer = f"{API_GROUP}/operator"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=API_GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=API_GROUP)
    for resource in CHILDREN:
        settings.watching.label_selectors[resource.group, resource.version, resource.plural] = WATCH_SELECTOR
    return settings


def _watch(found: kopf.OperatorRegistry, resource: ResourceType, doorbell: Doorbell) -> None:
    async def ring(body: kopf.Body, type: str | None, **_: Any) -> None:  # noqa: A002 - kopf's name
        doorbell.heard(resource, body, gone=type == "DELETED")

    kopf.on.event(resource.group, resource.version, resource.plural, registry=found, id=f"ring-{resource.plural}")(ring)


async def _login(settings: kopf.OperatorSettings, **_: Any) -> kopf.ConnectionInfo | None:
    """Log in as the pod's ServiceAccount or, outside a cluster, by KUBECONFIG."""
    if os.environ.get("KUBECONFIG"):
        return kopf.login_with_kubeconfig(settings=settings)
    return kopf.login_with_service_account(settings=settings)
