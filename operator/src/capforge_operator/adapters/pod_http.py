"""The ports Agents and Gateways: small documents to and from pods, with the internal bearer token."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import aiohttp
from pydantic import ValidationError

from capforge_contracts.internal_token import sent_token
from capforge_contracts.model import Stored
from capforge_contracts.names import AGENT_PORT, GATEWAY_INTERNAL_PORT
from capforge_contracts.serving import PodState
from capforge_contracts.submissions import AnnotationCounts
from capforge_contracts.vision import VisionCounts
from capforge_operator.ports import Unreachable

_TIMEOUT = aiohttp.ClientTimeout(total=5)
_JSON = {"Content-Type": "application/json"}
_Answer = TypeVar("_Answer", bound=Stored)


class PodHttp:
    """Calls to pods by their IP, over kept-alive connections."""

    def __init__(self, session: aiohttp.ClientSession, token_file: Path) -> None:
        """Take an open session and the file that holds the token (read for every call: it may be replaced)."""
        self._session = session
        self._token_file = token_file

    async def call(self, method: str, url: str, body: bytes | None = None) -> bytes:
        """Return the answer's body; raises Unreachable for anything but success."""
        try:
            token = await asyncio.to_thread(sent_token, self._token_file)
            headers = {"Authorization": f"Bearer {token}", **_JSON}
            async with self._session.request(method, url, data=body, headers=headers, timeout=_TIMEOUT) as answer:
                content = await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{method} {url}: {type(error).__name__}") from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise Unreachable(f"{method} {url}: HTTP {answer.status}")
        return content

    async def get(self, url: str, kind: type[_Answer], what: str) -> _Answer:
        """Return what is there, as a document; raises Unreachable where the answer is none (`what` names it)."""
        content = await self.call("GET", url)
        try:
            return kind.from_json(content)
        except ValidationError as error:
            raise Unreachable(f"GET {url}: the answer is no {what}: {error.error_count()} faults") from error


class HttpAgents:
    """The port Agents."""

    def __init__(self, http: PodHttp, port: int = AGENT_PORT) -> None:
        """Use these connections."""
        self._http = http
        self._port = port

    async def state(self, address: str) -> PodState:
        """Ask what is loaded."""
        return await self._http.get(f"{_origin(address, self._port)}/state", PodState, "state")

    async def put_desired(self, address: str, desired: bytes) -> None:
        """Send what should be loaded."""
        await self._http.call("PUT", f"{_origin(address, self._port)}/desired", desired)


class HttpGateways:
    """The port Gateways."""

    def __init__(self, http: PodHttp, port: int = GATEWAY_INTERNAL_PORT) -> None:
        """Use these connections."""
        self._http = http
        self._port = port

    async def put_routes(self, address: str, table: bytes) -> None:
        """Send where requests go."""
        await self._http.call("PUT", f"{_origin(address, self._port)}/internal/routes", table)

    async def annotations(self, address: str) -> AnnotationCounts:
        """Ask how many documents are annotated."""
        url = f"{_origin(address, self._port)}/internal/annotations"
        return await self._http.get(url, AnnotationCounts, "count")

    async def vision(self, address: str) -> VisionCounts:
        """Ask how far the annotation of images is."""
        return await self._http.get(f"{_origin(address, self._port)}/internal/vision", VisionCounts, "count")


def _origin(address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address else address  # IPv6
    return f"http://{host}:{port}"
