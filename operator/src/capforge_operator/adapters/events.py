"""The port Events: events.k8s.io/v1, aggregated."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from capforge_contracts.model import canonical_json, sha256_hex
from capforge_operator.adapters.kubernetes_api import KubernetesApi, Missing, Target
from capforge_operator.labels import FIELD_MANAGER
from capforge_operator.ports import AlreadyThere, Clock, Event, Events, Json, PortError
from capforge_operator.resource_types import EVENTS

_NOTE_CHARS = 1024
"""The API's limit."""
_REMEMBERED = 1000
_QUIET = timedelta(minutes=1)
"""The same event again within this time is counted, not written."""
_WAITING = 1000
_IDENTITY = ("name", "namespace", "uid", "resourceVersion")
_CLUSTER_SCOPED_NAMESPACE = "default"
_log: structlog.stdlib.BoundLogger = structlog.get_logger("events")


class KubernetesEvents:
    """One Event object for each (object, reason, message); when it happens again its series counts up."""

    def __init__(self, api: KubernetesApi, clock: Clock, instance: str) -> None:
        """Take the connection, the clock and this process's name."""
        self._api = api
        self._clock = clock
        self._instance = instance
        self._counts: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    async def emit(self, event: Event) -> None:
        """Record the event."""
        now = self._clock.now()
        name = _name(event)
        count, written = self._counts.get(name, (0, now - _QUIET))
        silent = count > 0 and now - written < _QUIET
        self._remember(name, (count + 1, written if silent else now))
        if silent:
            return
        namespace = event.regarding["metadata"].get("namespace") or _CLUSTER_SCOPED_NAMESPACE
        try:
            await self._write(namespace, name, event, count + 1, now)
        except PortError as error:
            _log.debug("not recorded", reason=event.reason, cause=str(error))

    async def _write(self, namespace: str, name: str, event: Event, count: int, now: datetime) -> None:
        if count > 1 and await self._counted(namespace, name, count, now):
            return
        try:
            await self._api.create(Target(EVENTS, namespace), self._manifest(namespace, name, event, now))
        except AlreadyThere:  # written before this process started; how often is no longer known
            await self._counted(namespace, name, 2, now)

    async def _counted(self, namespace: str, name: str, count: int, now: datetime) -> bool:
        """Count up; False where the event is not there any more (the API server keeps events for an hour)."""
        series = {"count": count, "lastObservedTime": _micro_time(now)}
        try:
            await self._api.merge(Target(EVENTS, namespace, name), {"series": series})
        except Missing:
            return False
        return True

    def _manifest(self, namespace: str, name: str, event: Event, now: datetime) -> Json:
        regarding = event.regarding
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"name": name, "namespace": namespace},
            "eventTime": _micro_time(now),
            "reportingController": f"capforge.dev/{FIELD_MANAGER}",
            "reportingInstance": self._instance,
            "action": "Reconcile",
            "reason": event.reason,
            "note": event.message[:_NOTE_CHARS],
            "type": "Warning" if event.warning else "Normal",
            "regarding": _reference(regarding),
        }

    def _remember(self, name: str, value: tuple[int, datetime]) -> None:
        self._counts[name] = value
        self._counts.move_to_end(name)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)


class EventsLater:
    """Takes events without making anybody wait; `run` records them one after another.

    Where they come faster than they can be recorded the newest are left out: an event is not worth a queue.
    """

    def __init__(self, events: Events) -> None:
        """Record with these."""
        self._events = events
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(_WAITING)

    async def emit(self, event: Event) -> None:
        """Have the event recorded soon."""
        regarding = event.regarding
        kept = {**_reference(regarding), "metadata": _identity(regarding["metadata"])}
        try:
            self._waiting.put_nowait(replace(event, regarding=kept))
        except asyncio.QueueFull:
            _log.debug("left out", reason=event.reason)

    async def run(self) -> None:
        """Record until cancelled."""
        while True:
            await self._events.emit(await self._waiting.get())


def _identity(metadata: Json) -> Json:
    return {name: metadata[name] for name in _IDENTITY if metadata.get(name)}


def _reference(regarding: Json) -> dict[str, Any]:
    metadata = regarding["metadata"]
    reference = {"apiVersion": regarding["apiVersion"], "kind": regarding["kind"]}
    return {**reference, **_identity(metadata)}


def _name(event: Event) -> str:
    metadata = event.regarding["metadata"]
    same = [metadata.get("uid", ""), event.regarding["kind"], event.warning, event.reason, event.message]
    return f"{metadata['name']}.{sha256_hex(canonical_json(same))[:16]}"


def _micro_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
