"""Fetching an image from an address in a request, without becoming a door into the network that we stand in.

- https only, on the scheme's own port, unless the installation says otherwise; no user name in the address.
- A name is resolved once; every address it has must be allowed; the connection goes to one of exactly these.
- Each redirect is a new address and is checked from the start; at most three.
- Bounded in bytes and time. No cookies, no proxy from the environment, no credentials.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from capforge_contracts.addresses import Network, may_fetch_from
from capforge_gateway.errors import ApiError, bad_request, too_large
from capforge_gateway.settings import Settings, UrlInput

_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_ACCEPTED = "image/*, application/pdf"
_DEFAULT_PORTS = {"https": 443, "http": 80}
_CHUNK_BYTES = 64 * 1024
_log = structlog.get_logger()


@dataclass(frozen=True)
class Policy:
    """What may be fetched."""

    mode: UrlInput
    hosts: tuple[str, ...]
    networks: tuple[Network, ...]
    allow_http: bool
    max_bytes: int
    timeout_seconds: float


def policy_from(settings: Settings) -> Policy:
    """Return the installation's policy."""
    return Policy(
        settings.url_input,
        tuple(host.lower() for host in settings.url_allowed_hosts),
        settings.url_allowed_networks,
        settings.url_allow_http,
        settings.max_image_bytes,
        settings.url_timeout_seconds,
    )


class _AddressRefused(OSError):  # noqa: N818 - reads as the fact it states
    """A name has an address that may not be fetched from."""


class CheckedResolver(AbstractResolver):
    """Resolves once and refuses a name as soon as one of its addresses is not allowed."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        for _, _, _, _, place in found:
            if not may_fetch_from(ip_address(place[0]), self._networks):
                raise _AddressRefused("the name has an address that is not public")
        return [
            ResolveResult(
                hostname=host, host=str(place[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, place in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


def checked_url(text: str, policy: Policy) -> URL:
    """Parse an address and hold it against the policy, before any name is resolved; raises 400 with what is allowed."""
    if policy.mode is UrlInput.OFF:
        raise bad_request("this installation takes no addresses of images; send the image itself")
    try:
        url = URL(text)
        host, port = (url.host or "").lower().rstrip("."), url.port
    except ValueError as error:
        raise bad_request(f"the address cannot be read ({error})") from error
    schemes = ("https", "http") if policy.allow_http else ("https",)
    if url.scheme not in schemes or not host or url.user or url.password:
        raise bad_request(f"an address must be {' or '.join(schemes)}://<host>/… without a user name")
    if policy.mode is UrlInput.ALLOWLIST:
        _check_host(host, port, url.scheme, policy.hosts)
    elif port != _DEFAULT_PORTS[url.scheme]:
        raise bad_request(f"port {port} is not allowed in an address; allowed: the scheme's own port")
    _check_literal(host, policy.networks)
    return url


def _check_host(host: str, port: int | None, scheme: str, allowed: tuple[str, ...]) -> None:
    standard = port == _DEFAULT_PORTS[scheme]
    names = {f"{host}:{port}", host} if standard else {f"{host}:{port}"}
    for entry in allowed:
        wildcard = entry.startswith("*.")
        if entry in names or (wildcard and any(name.endswith(entry[1:]) for name in names)):
            return
    raise bad_request(
        "this installation fetches images only from: " + (", ".join(allowed) or "nowhere (send the image itself)"),
        allowed_hosts=list(allowed),
    )


def _check_literal(host: str, networks: tuple[Network, ...]) -> None:
    """An address written as numbers never reaches the resolver."""
    try:
        literal = ip_address(host.split("%", 1)[0])
    except ValueError:
        return
    if not may_fetch_from(literal, networks):
        raise _not_public()


def _not_public() -> ApiError:
    return bad_request("the address leads to a host that is not on the public Internet")


Hold = Callable[[int], None]


class Fetcher:
    """Fetches images. Opened and closed with the gateway."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(policy.networks), use_dns_cache=False, force_close=True, limit=32
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers={"User-Agent": "capforge-gateway", "Accept": _ACCEPTED, "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def fetch(self, text: str, hold: Hold, max_bytes: int | None = None) -> bytes:
        """Return the bytes at an address; raises 400 with the reason, 413 (`max_bytes`: instead of an image's limit).

        `hold` accounts for each chunk.
        """
        limit = max_bytes or self._policy.max_bytes
        try:
            async with asyncio.timeout(self._policy.timeout_seconds):
                return await self._follow(text, hold, limit)
        except TimeoutError as error:
            raise bad_request(f"the address gave no whole image within {self._policy.timeout_seconds:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(getattr(error, "os_error", error), _AddressRefused):
                raise _not_public() from error
            _log.info("image address cannot be fetched", error=repr(error)[:300])
            raise bad_request("nothing could be fetched from the address") from error

    async def _follow(self, text: str, hold: Hold, max_bytes: int) -> bytes:
        for _ in range(_MAX_REDIRECTS + 1):
            url = checked_url(text, self._policy)
            async with self._session.get(url, allow_redirects=False) as response:
                if response.status in _REDIRECTS and "Location" in response.headers:
                    text = str(url.join(URL(response.headers["Location"])))
                    continue
                if response.status != _OK:
                    raise bad_request(f"the address answered with status {response.status}")
                return await self._bounded(response, hold, max_bytes)
        raise bad_request(f"the address redirects more than {_MAX_REDIRECTS} times")

    async def _bounded(self, response: Any, hold: Hold, max_bytes: int) -> bytes:
        if (response.content_length or 0) > max_bytes:
            raise too_large(max_bytes)
        data = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            hold(len(chunk))
            data += chunk
            if len(data) > max_bytes:
                raise too_large(max_bytes)
        return bytes(data)
