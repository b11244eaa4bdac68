"""What the controllers need from the world: small Protocols, the facts they hand over, and their errors.

Implementations: `adapters/` (the real ones) and `tests/support/twins` (in memory); one contract test runs against both.
Objects of our own kinds travel as parsed JSON without `metadata.managedFields`; what others own (Jobs, Pods) as facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from capforge_contracts.serving import PodState
from capforge_contracts.store import ObjectInfo
from capforge_contracts.submissions import AnnotationCounts
from capforge_contracts.vision import VisionCounts
from capforge_operator.facts import Identity, JobFact, JobOutcome, PodFact, ResourceType
from capforge_operator.keys import Key

__all__ = ["Identity", "JobFact", "JobOutcome", "PodFact", "ResourceType"]
"""Named here too, since whoever uses a port needs them."""

Json = dict[str, Any]


class PortError(Exception):
    """Something outside did not answer as hoped: try again with back-off."""


class Conflict(PortError):  # noqa: N818 - reads as the fact it states
    """The object changed since it was read: read again, quietly."""


class AlreadyThere(PortError):  # noqa: N818 - reads as the fact it states
    """An object of this name exists and is not the one that was meant (another owner)."""


class Forbidden(PortError):  # noqa: N818 - reads as the fact it states
    """The API server refuses this call to the operator: RBAC does not allow it (here)."""


class Unreachable(PortError):  # noqa: N818 - reads as the fact it states
    """A pod did not answer in time."""


class Invalid(PortError):  # noqa: N818 - reads as the fact it states
    """The API server refuses the content of an object that we wrote: a bug, or a policy of the cluster."""


class Resources(Protocol):
    """Objects of any kind by their ResourceType (resource_types.py), as parsed JSON."""

    async def get(self, kind: ResourceType, namespace: str, name: str) -> Json | None:
        """Return the object, None if there is none; namespace is empty for cluster-scoped kinds."""
        ...

    async def list(self, kind: ResourceType, namespace: str | None = None, capability: str | None = None) -> list[Json]:
        """Return all objects sorted by namespace and name: all, of one namespace, of one capability in it."""
        ...

    async def identities(self, kind: ResourceType) -> Sequence[Identity]:
        """Return which objects there are by a listing of now, without their content."""
        ...

    async def known(self, kind: ResourceType) -> Sequence[Identity]:
        """Return which objects there are for `get` and `list`, without their content."""
        ...

    async def version(self, kind: ResourceType, namespace: str, name: str) -> str | None:
        """Return the resourceVersion of an object by a look of now, None if there is no such object."""
        ...

    async def apply(self, kind: ResourceType, manifest: Json) -> Json:
        """Create or update by server-side apply under our field manager; returns the stored object.

        Raises Forbidden, Invalid.
        """
        ...

    async def create(self, kind: ResourceType, manifest: Json) -> Json:
        """Create the object; returns the existing one if it has the same controller.

        Raises AlreadyThere where it has another, Forbidden, Invalid.
        """
        ...

    async def write_status(self, kind: ResourceType, observed: Json, status: Json) -> bool:
        """Write the status if it differs from the observed one; True if written.

        Raises Conflict when the object changed (or went) since it was observed.
        """
        ...


class Jobs(Protocol):
    """Jobs are create-only: they are made, watched, suspended and deleted, never edited."""

    async def get(self, namespace: str, name: str) -> JobFact | None:
        """Return the Job, None if there is none."""
        ...

    async def create(self, manifest: Json) -> JobFact:
        """Create the Job; returns the existing one if it has the same owner, else raises AlreadyThere."""
        ...

    async def set_suspended(self, job: JobFact, suspended: bool) -> None:
        """Hold or continue the Job; raises Conflict if it is another Job by now."""
        ...

    async def delete(self, job: JobFact) -> None:
        """Delete this very Job (by uid) with its pods, in the background; no error if it is gone."""
        ...


class Pods(Protocol):
    """Pods by label; the operator never writes them."""

    async def list(self, namespace: str, labels: Mapping[str, str]) -> list[PodFact]:
        """Return the pods with all these labels, oldest first."""
        ...


class Tenants(Protocol):
    """Whether a namespace is prepared by the tenant chart."""

    async def missing(self, namespace: str) -> list[str]:
        """Return what a prepared namespace lacks (`Secret capforge-object-store`, …), sorted; empty if nothing."""
        ...


@dataclass(frozen=True)
class Event:
    """Something worth telling the person who looks at an object."""

    regarding: Json
    """The object: apiVersion, kind and metadata are used."""
    reason: str
    message: str
    warning: bool = False


class Events(Protocol):
    """Kubernetes events, aggregated: the same one again only counts up."""

    async def emit(self, event: Event) -> None:
        """Record the event; never raises for want of rights or space, an event is not worth a retry."""
        ...


class Store(Protocol):
    """The object store from the event loop; same meaning and errors as capforge_contracts.store.ObjectStore."""

    @property
    def uri(self) -> str:
        """`s3://<bucket>`."""
        ...

    async def get(self, key: str) -> bytes:
        """Return the object's bytes; raises NotFound, TooLarge (see layout.most_bytes), StoreError."""
        ...

    async def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        ...

    async def put_new(self, key: str, data: bytes) -> None:
        """Write the object only if there is none; raises AlreadyExists."""
        ...

    async def exists(self, key: str) -> bool:
        """Tell whether there is an object under this key."""
        ...

    async def sha256(self, key: str, at_most_bytes: int) -> str | None:
        """Return the digest of the object's bytes without holding them in memory, None where there are more than that.

        Raises NotFound, StoreError.
        """
        ...

    async def list(self, prefix: str) -> list[ObjectInfo]:
        """Return the objects whose key starts with the prefix, in key order."""
        ...


class Agents(Protocol):
    """The model agents in the serving pods; `address` is the pod's IP."""

    async def state(self, address: str) -> PodState:
        """Ask what is loaded; raises Unreachable."""
        ...

    async def put_desired(self, address: str, desired: bytes) -> None:
        """Send what should be loaded, a DesiredModels as JSON; raises Unreachable."""
        ...


class Gateways(Protocol):
    """The gateway pods; `address` is the pod's IP."""

    async def put_routes(self, address: str, table: bytes) -> None:
        """Send where requests go, a RoutingTable as JSON; raises Unreachable."""
        ...

    async def annotations(self, address: str) -> AnnotationCounts:
        """Ask how many documents of each capability are annotated; raises Unreachable."""
        ...

    async def vision(self, address: str) -> VisionCounts:
        """Ask how far the annotation of images is in each namespace; raises Unreachable."""
        ...


class Clock(Protocol):
    """The time, injected."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        ...


class Bell(Protocol):
    """The queue's front: anyone may ask for a look at something."""

    def ring(self, *keys: Key) -> None:
        """Ask for a reconcile of each key, as soon as a worker is free."""
        ...


@dataclass(frozen=True)
class Done:
    """A reconcile came to its end; look again after so many seconds, or only when something changes.

    Whatever raises is tried again with back-off; a user's error is a condition and Done().
    """

    after_seconds: float | None = None
    did: str = "nothing"
    """What was done, for the one log line: a few CamelCase words."""
    routine: bool = False
    """Not worth a line in the log: progress of something that goes on."""


class Reconciler(Protocol):
    """One per Kind: level-triggered, idempotent, repairs whatever an earlier run left half-done."""

    async def reconcile(self, key: Key) -> Done:
        """Bring the world of this key one step nearer to what is asked for."""
        ...


def sorted_by_name(objects: Iterable[Json]) -> list[Json]:
    """Return objects ordered by namespace and name."""
    return sorted(objects, key=lambda one: (one["metadata"].get("namespace", ""), one["metadata"]["name"]))


def controller_uid(document: Json) -> str:
    """Return the uid of the object that owns this one as its controller, empty if none does."""
    owners = document["metadata"].get("ownerReferences", [])
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def capability_of(document: Json) -> str:
    """Return the name of the capability that an object refers to, empty if it refers to none."""
    return str((document.get("spec", {}).get("capabilityRef") or {}).get("name", ""))
