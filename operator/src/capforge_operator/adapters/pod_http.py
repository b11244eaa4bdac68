"""The ports Agents and Gateways: small documents to and from pods, with the internal bearer token."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path

import aiohttp
from pydantic import ValidationError

from capforge_contracts.names import AGENT_PORT, GATEWAY_INTERNAL_PORT
from capforge_contracts.serving import DesiredModels, PodState, RoutingTable
from capforge_operator.ports import Unreachable

_TIMEOUT = aiohttp.ClientTimeout(total=5)
_JSON = {"Content-Type": "application/json"}


class PodHttp:
    """Calls to pods by their IP, over kept-alive connections."""

    def __init__(self, session: aiohttp.ClientSession, token_file: Path) -> None:
        """Take an open session and the file that holds the token (read for every call: it may be replaced)."""
        self._session = session
        self._token_file = token_file

    async def call(self, method: str, url: str, body: bytes | None = None) -> bytes:
        """Return the answer's body; raises Unreachable for anything but success."""
        try:
            token = (await asyncio.to_thread(self._token_file.read_text)).strip()
            headers = {"Authorization": f"Bearer {token}", **_JSON}
            async with self._session.request(method, url, data=body, headers=headers, timeout=_TIMEOUT) as answer:
                content = await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{method} {url}: {type(error).__name__}") from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise Unreachable(f"{method} {url}: HTTP {answer.status}")
        return content


class HttpAgents:
    """The port Agents."""

    def __init__(self, http: PodHttp, port: int = AGENT_PORT) -> None:
        """Use these connections."""
        self._http = http
        self._port = port

    async def state(self, address: str) -> PodState:
        """Ask what is loaded."""
        url = f"{_origin(address, self._port)}/state"
        content = await self._http.call("GET", url)
        try:
            return PodState.from_json(content)
        except ValidationError as error:
            raise Unreachable(f"GET {url}: the answer is no state: {error.error_count()} faults") from error

    async def put_desired(self, address: str, desired: DesiredModels) -> None:
        """Send what should be loaded."""
        await self._http.call("PUT", f"{_origin(address, self._port)}/desired", desired.to_json())


class HttpGateways:
    """The port Gateways."""

    def __init__(self, http: PodHttp, port: int = GATEWAY_INTERNAL_PORT) -> None:
        """Use these connections."""
        self._http = http
        self._port = port

    async def put_routes(self, address: str, table: RoutingTable) -> None:
        """Send where requests go."""
        await self._http.call("PUT", f"{_origin(address, self._port)}/internal/routes", table.to_json())


def _origin(address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address else address  # IPv6
    return f"http://{host}:{port}"
