"""The API server by plain JSON: one method, every error translated, every call reported."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import aiohttp
import kopf
import orjson
from yarl import URL

from capforge_operator.adapters.access import access
from capforge_operator.adapters.insistence import TROUBLED, Passing, insist
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
from capforge_operator.runtime import nesting

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
JSON = "application/json"
_TIMEOUT = aiohttp.ClientTimeout(total=30)
_CONNECTIONS = 32
_MESSAGE_CHARS = 500
_LOGIN_SECONDS = 60.0
"""How long a login is used; the kubelet replaces a pod's token well before it expires."""
Login = Callable[[], kopf.ConnectionInfo]


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
    """One keep-alive session to one API server; plain JSON in and out, no typed models (ADR 0080)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        login: Login,
        on_call: Callable[[str, Target], None] | None = None,
    ) -> None:
        """Take an open session, how to log in anew, and whom to tell the RBAC verb and target of every call."""
        self._session = session
        self._login = login
        self._on_call = on_call or (lambda _verb, _target: None)
        self._access, self._since = login(), time.monotonic()

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def get(self, target: Target, *, accept: str = JSON) -> Json:
        """Return one object; raises Missing."""
        return await self._call("get", "GET", target, accept=accept)

    async def list(self, target: Target, query: Mapping[str, str], *, accept: str = JSON) -> Json:
        """Return one page of a collection."""
        return await self._call("list", "GET", target, query=query, accept=accept)

    async def create(self, target: Target, body: Json) -> Json:
        """Create an object; raises AlreadyThere."""
        return await self._call("create", "POST", target, body=body, query={"fieldManager": FIELD_MANAGER})

    async def apply(self, target: Target, body: Json, *, accept: str = JSON) -> Json:
        """Server-side apply; we own what we write, so conflicts with other managers are forced."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._call("patch", "PATCH", target, body=body, query=query, content_type=APPLY, accept=accept)

    async def merge(self, target: Target, body: Json) -> Json:
        """JSON merge patch; raises Missing, Conflict where the body names another uid or resourceVersion."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._call("patch", "PATCH", target, body=body, query=query, content_type=MERGE)

    async def delete(self, target: Target, body: Json) -> None:
        """Delete an object; raises Missing, Conflict where a precondition in the body does not hold."""
        await self._call("delete", "DELETE", target, body=body)

    async def watch(
        self, target: Target, query: Mapping[str, str], timeout_seconds: float
    ) -> AsyncGenerator[Json, None]:
        """Yield the events of a collection until the server ends the stream; raises PortError."""
        self._on_call("watch", target)
        timeout = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=_TIMEOUT.total)
        request = self._session.get(
            self._url(target, {**query, "watch": "true"}), headers=self._headers(JSON), timeout=timeout
        )
        try:
            async with request as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise _translated(f"watch {target}", response.status, await response.read())
                async for line in _lines(response.content):
                    yield nesting.loads(line)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise PortError(f"watch {target}: broken off: {type(error).__name__}") from error

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
        """Ask until there is an answer. All may be sent twice: writes name a version or uid, and a name exists once."""
        data = None if body is None else orjson.dumps(body)
        what = f"{verb} {target}"

        async def ask() -> Json:
            self._on_call(verb, target)
            request = self._session.request(
                method,
                self._url(target, query or {}),
                data=data,
                headers={**self._headers(accept), "Content-Type": content_type},
                timeout=_TIMEOUT,
            )
            return _answer(what, *await _received(what, request))

        return await insist(ask)

    def _url(self, target: Target, query: Mapping[str, str]) -> URL:
        asked = f"?{urlencode(query)}" if query else ""
        return URL(f"{self._access.server}{target.path}{asked}", encoded=True)

    def _headers(self, accept: str) -> dict[str, str]:
        if time.monotonic() - self._since > _LOGIN_SECONDS:
            self._access, self._since = self._login(), time.monotonic()
        return {"Accept": accept, **self._access.as_http_headers()}


async def connect(kubeconfig: Path | None, on_call: Callable[[str, Target], None] | None = None) -> KubernetesApi:
    """Connect by this kubeconfig, or without one as the pod's ServiceAccount; raises NoAccess."""

    def login() -> kopf.ConnectionInfo:
        return access(kubeconfig, os.environ)

    connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=login().as_ssl_context())
    session = aiohttp.ClientSession(
        connector=connector, headers={"User-Agent": FIELD_MANAGER}, auto_decompress=True, trust_env=False
    )
    return KubernetesApi(session, login, on_call)


async def _received(
    what: str, request: AbstractAsyncContextManager[aiohttp.ClientResponse]
) -> tuple[aiohttp.ClientResponse, bytes]:
    try:
        async with request as response:
            return response, await response.read()
    except TimeoutError as error:  # which has lasted long enough
        raise PortError(f"{what}: API server not reached: {type(error).__name__}") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Passing(f"{what}: API server not reached: {type(error).__name__}") from error


def _answer(what: str, response: aiohttp.ClientResponse, content: bytes) -> Json:
    if response.status < HTTPStatus.BAD_REQUEST:
        try:
            return cast("Json", nesting.loads(content))
        except ValueError as error:  # a proxy's page
            raise Passing(f"{what}: the answer is no JSON") from error
    refused = _translated(what, response.status, content)
    raise Passing(str(refused), response.headers) if response.status in TROUBLED else refused


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield the lines of a stream, however long (the reader's own limit is 64 KiB)."""
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line


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
        document: Any = orjson.loads(content)
    except ValueError:
        return "", content[:_MESSAGE_CHARS].decode(errors="replace")
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("reason", "")), str(document.get("message", ""))[:_MESSAGE_CHARS]
