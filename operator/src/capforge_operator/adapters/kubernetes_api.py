"""The API server by plain JSON: one method, every error translated, every call reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config.incluster_config import load_incluster_config
from kubernetes.aio.config.kube_config import load_kube_config

from capforge_operator.labels import FIELD_MANAGER
from capforge_operator.ports import (
    AlreadyThere,
    Conflict,
    Forbidden,
    Invalid,
    Json,
    PortError,
    ResourceType,
)

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
JSON = "application/json"
_TIMEOUT = aiohttp.ClientTimeout(total=30)
_CONNECTIONS = 32
_MESSAGE_CHARS = 500


class Missing(PortError):  # noqa: N818 - reads as the fact it states
    """There is no such object (or no such kind)."""


@dataclass(frozen=True)
class Target:
    """One object, or with an empty name the collection."""

    kind: ResourceType
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def path(self) -> str:
        """The URL's path; names are DNS names and need no quoting."""
        start = f"/apis/{self.kind.group}/{self.kind.version}" if self.kind.group else f"/api/{self.kind.version}"
        inside = f"/namespaces/{self.namespace}" if self.namespace else ""
        parts = [self.kind.plural, self.name, self.subresource]
        return f"{start}{inside}/" + "/".join(part for part in parts if part)

    @property
    def resource(self) -> str:
        """The resource as RBAC names it: `datasets/status`."""
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind.kind} {where}".strip()


class KubernetesApi:
    """A connection to one API server. Typed models of the client stay unloaded: they would cost 50 MB."""

    def __init__(self, client: ApiClient, on_call: Callable[[str, Target], None] | None = None) -> None:
        """Take a configured client, and whom to tell the RBAC verb and target of every call."""
        self._client = client
        self._on_call = on_call or (lambda _verb, _target: None)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def get(self, target: Target, *, accept: str = JSON) -> Json:
        """Return one object; raises Missing."""
        return await self._call("get", "GET", target, accept=accept)

    async def list(self, target: Target, query: Mapping[str, str], *, accept: str = JSON) -> Json:
        """Return one page of a collection."""
        return await self._call("list", "GET", target, query=query, accept=accept)

    async def create(self, target: Target, body: Json) -> Json:
        """Create an object; raises AlreadyThere."""
        return await self._call("create", "POST", target, body=body, query={"fieldManager": FIELD_MANAGER})

    async def apply(self, target: Target, body: Json) -> Json:
        """Server-side apply; we own what we write, so conflicts with other managers are forced."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._call("patch", "PATCH", target, body=body, query=query, content_type=APPLY)

    async def merge(self, target: Target, body: Json) -> Json:
        """JSON merge patch; raises Missing, Conflict where the body names another uid or resourceVersion."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._call("patch", "PATCH", target, body=body, query=query, content_type=MERGE)

    async def delete(self, target: Target, body: Json) -> None:
        """Delete an object; raises Missing, Conflict where a precondition in the body does not hold."""
        await self._call("delete", "DELETE", target, body=body)

    async def _call(
        self,
        verb: str,
        method: str,
        target: Target,
        *,
        body: Json | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Json:
        self._on_call(verb, target)
        headers = {"Accept": accept, "Content-Type": content_type}
        request = await self._client.param_serialize(
            method,
            target.path,
            query_params=list((query or {}).items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = await self._client.call_api(*request, _request_timeout=_TIMEOUT)
            content = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise PortError(f"{verb} {target}: API server not reached: {type(error).__name__}") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _translated(f"{verb} {target}", response.status, content)
        return cast("Json", json.loads(content))


async def connect(kubeconfig: Path | None, on_call: Callable[[str, Target], None] | None = None) -> KubernetesApi:
    """Connect by this kubeconfig, or without one as the pod's ServiceAccount."""
    configuration = Configuration()
    if kubeconfig is None:
        load_incluster_config(configuration)
    else:
        await load_kube_config(str(kubeconfig), client_configuration=configuration)
    configuration.connection_pool_maxsize = _CONNECTIONS
    client = ApiClient(configuration)
    client.user_agent = FIELD_MANAGER
    return KubernetesApi(client, on_call)


def without_managed_fields(document: Json) -> Json:
    """Drop what nobody here reads and what can be most of an object."""
    document.get("metadata", {}).pop("managedFields", None)
    return document


def _translated(what: str, status: int, content: bytes) -> PortError:
    reason, message = _status(content)
    text = f"{what}: {message or status}"
    if status == HTTPStatus.CONFLICT:
        return AlreadyThere(text) if reason == "AlreadyExists" else Conflict(text)
    errors: dict[int, type[PortError]] = {
        HTTPStatus.NOT_FOUND: Missing,
        HTTPStatus.FORBIDDEN: Forbidden,
        HTTPStatus.BAD_REQUEST: Invalid,
        HTTPStatus.UNPROCESSABLE_ENTITY: Invalid,
    }
    return errors.get(status, PortError)(text)


def _status(content: bytes) -> tuple[str, str]:
    """Return reason and message of a metav1.Status; empty where the answer is something else (a proxy's page)."""
    try:
        document: Any = json.loads(content)
    except ValueError:
        return "", content[:_MESSAGE_CHARS].decode(errors="replace")
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("reason", "")), str(document.get("message", ""))[:_MESSAGE_CHARS]
