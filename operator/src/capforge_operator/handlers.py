"""kopf as the doorbell for what we make: it logs in, watches Jobs and pods and reconnects; its handlers ring, no more.

kopf's own create/update handlers, timers, daemons and indexes are not used: they are edge-triggered, keep state in
annotations and finalizers, or overlap on one object. Our own kinds come through adapters/watches.py, which also keeps
them (ADR 0080).

kopf has a thread and an event loop of its own: where it gives up, it cancels every task of its loop that began after
it, and those would be our workers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import kopf
import structlog

from capforge_contracts.names import API_GROUP
from capforge_operator.doorbell import Doorbell
from capforge_operator.labels import WATCH_SELECTOR
from capforge_operator.ports import ResourceType
from capforge_operator.resource_types import JOBS, PODS

CHILDREN = (JOBS, PODS)
_PAGE_OBJECTS = 250
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0

Hear = Callable[[ResourceType, Mapping[str, Any], bool], None]
"""Takes an event: kind, object, whether it is gone."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("handlers")


def registry(hear: Hear) -> kopf.OperatorRegistry:
    """Return the handlers: one for each kind of child."""
    found = kopf.OperatorRegistry()
    kopf.on.login(registry=found)(_login)
    for resource in CHILDREN:
        _watch(found, resource, hear)
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


async def ring_for_children(doorbell: Doorbell) -> None:
    """Watch until cancelled.

    kopf gives up for good where a request fails once too often or an answer breaks off; what is made of our objects
    must not stand still for that, so it begins anew.
    """
    loop, over = asyncio.get_running_loop(), threading.Event()

    def hear(resource: ResourceType, body: Mapping[str, Any], gone: bool) -> None:
        loop.call_soon_threadsafe(partial(doorbell.heard, resource, body, gone=gone))

    pause = _PAUSE_SECONDS
    try:
        while True:
            began = time.monotonic()
            cause = await asyncio.to_thread(_run_kopf, hear, over)
            pause = _PAUSE_SECONDS if time.monotonic() - began > _LONGEST_PAUSE_SECONDS else pause
            _log.warning("watches of Jobs and pods begin anew", cause=cause, seconds=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    finally:
        over.set()


def _run_kopf(hear: Hear, over: threading.Event) -> str:
    """Run kopf in this thread until it ends, and say why it did."""
    logging.getLogger("kopf._core.reactor.running").addFilter(_is_news)
    try:
        asyncio.run(
            kopf.operator(registry=registry(hear), settings=operator_settings(), clusterwide=True, stop_flag=over)
        )
    except Exception as error:  # noqa: BLE001 - whatever kopf raises
        return f"{type(error).__name__}: {error}"
    return "ended by itself"


def _is_news(record: logging.LogRecord) -> bool:
    """Signals are ours, on purpose."""
    return not record.getMessage().startswith("OS signals are ignored")


def _watch(found: kopf.OperatorRegistry, resource: ResourceType, hear: Hear) -> None:
    async def ring(body: kopf.Body, type: str | None, **_: Any) -> None:  # noqa: A002 - kopf's name
        hear(resource, body, type == "DELETED")

    kopf.on.event(resource.group, resource.version, resource.plural, registry=found, id=f"ring-{resource.plural}")(ring)


async def _login(settings: kopf.OperatorSettings, **_: Any) -> kopf.ConnectionInfo | None:
    """Log in as the pod's ServiceAccount or, outside a cluster, by KUBECONFIG (as adapters/access.py does)."""
    if os.environ.get("KUBECONFIG"):
        return kopf.login_with_kubeconfig(settings=settings)
    return kopf.login_with_service_account(settings=settings)
