"""The port Webhooks: requests signed as Standard Webhooks says, to public addresses only, never redirected."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import socket
import ssl
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from capforge_contracts.addresses import may_fetch_from
from capforge_contracts.names import WEBHOOK_SECRET
from capforge_operator.adapters.kubernetes_api import KubernetesApi, Missing, Target
from capforge_operator.labels import FIELD_MANAGER
from capforge_operator.notification_settings import NotificationSettings
from capforge_operator.ports import Clock, Forbidden, PortError
from capforge_operator.posting import Answer, Call, Delayed, Refused, Sent
from capforge_operator.resource_types import SECRETS

LEAST_KEY_BYTES = 16
_WRITTEN = "whsec_"
"""How Standard Webhooks writes a key: base64 behind this."""
_LATER = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
Networks = tuple[IPv4Network | IPv6Network, ...]


class UnusableKey(Exception):  # noqa: N818 - reads as the fact it states
    """The entry is missing or no key; the message says what is allowed, and nothing of what is there."""


class SigningKeys(Protocol):
    """Where a tenant's keys are."""

    async def read(self, namespace: str, entry: str) -> list[bytes]:
        """Return the keys of an entry, one of each line; raises UnusableKey, PortError."""
        ...


class KubernetesSigningKeys:
    """Reads the one Secret that the tenant chart lets the operator read."""

    def __init__(self, api: KubernetesApi) -> None:
        """Use this connection."""
        self._api = api

    async def read(self, namespace: str, entry: str) -> list[bytes]:
        """Return the keys of an entry; nothing is kept."""
        try:
            found = await self._api.get(Target(SECRETS, namespace, WEBHOOK_SECRET))
        except (Missing, Forbidden) as error:
            raise UnusableKey(f"Secret {WEBHOOK_SECRET} cannot be read in this namespace") from error
        data = (found.get("data") or {}).get(entry)
        if not data:
            raise UnusableKey(f"Secret {WEBHOOK_SECRET} has no entry {entry}")
        return keys_in(base64.b64decode(data), entry)


def keys_in(data: bytes, entry: str) -> list[bytes]:
    """Return the keys of an entry: one in each line, so that a key can be replaced while both are good."""
    keys = [_key(line.strip(), entry) for line in data.splitlines() if line.strip()]
    if not keys or min(map(len, keys)) < LEAST_KEY_BYTES:
        raise UnusableKey(f"entry {entry} of Secret {WEBHOOK_SECRET}: a key needs {LEAST_KEY_BYTES} bytes or more")
    return keys


def _key(line: bytes, entry: str) -> bytes:
    if not line.startswith(_WRITTEN.encode()):
        return line
    try:
        return base64.b64decode(line.removeprefix(_WRITTEN.encode()), validate=True)
    except binascii.Error as error:
        raise UnusableKey(f"entry {entry} of Secret {WEBHOOK_SECRET}: base64 is needed behind {_WRITTEN}") from error


def signature(keys: list[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header webhook-signature: one `v1,<base64>` for each key."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


class NotPublic(OSError):  # noqa: N818 - reads as the fact it states
    """A name leads to an address that may not be called."""


class _PublicResolver(AbstractResolver):
    """Resolves once, and refuses a name as soon as one of its addresses is not allowed."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        if not all(may_fetch_from(ip_address(place[0]), self._networks) for *_, place in found):
            raise NotPublic("the name has an address that is not public")
        return [
            ResolveResult(
                hostname=host, host=str(place[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, place in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


class HttpWebhooks:
    """Calls webhooks over connections of their own: no proxy, no cookies, no redirects, nothing kept alive."""

    def __init__(self, settings: NotificationSettings, keys: SigningKeys, clock: Clock) -> None:
        """Take what is allowed and where the keys are."""
        self._settings = settings
        self._keys = keys
        self._clock = clock
        connector = aiohttp.TCPConnector(
            resolver=_PublicResolver(settings.webhook_networks),
            use_dns_cache=False,
            force_close=True,
            limit=8,
            ssl=_context(settings.webhook_ca),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=settings.webhook_timeout_seconds),
            headers={"User-Agent": FIELD_MANAGER, "Content-Type": "application/json", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    @property
    def configured(self) -> bool:
        """Tell whether webhooks are called."""
        return self._settings.webhooks_enabled

    async def call(self, call: Call) -> Answer:
        """Sign and send; the answer's body is not read."""
        try:
            url = URL(call.url)
            self._check_literal(url.host or "")
            keys = await self._keys.read(call.namespace, call.secret_key)
            return await self._send(url, call, keys)
        except UnusableKey as error:
            return Delayed(str(error))
        except PortError:
            return Delayed(f"Secret {WEBHOOK_SECRET} cannot be read: the API server does not answer")
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return _not_reached(error)

    async def _send(self, url: URL, call: Call, keys: list[bytes]) -> Answer:
        now, identity = int(self._clock.now().timestamp()), f"msg_{call.message_id}"
        headers = {
            "webhook-id": identity,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(keys, identity, now, call.body),
        }
        async with self._session.post(url, data=call.body, headers=headers, allow_redirects=False) as answer:
            return _judged(answer.status)

    def _check_literal(self, host: str) -> None:
        """An address written as numbers never reaches the resolver."""
        if re.fullmatch(r"[0-9.]+|.*:.*", host) and not may_fetch_from(
            ip_address(host.split("%", 1)[0]), self._settings.webhook_networks
        ):
            raise NotPublic("the address is not public")


def _judged(status: int) -> Answer:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Sent()
    if status < HTTPStatus.BAD_REQUEST:
        return Refused(f"it answers HTTP {status}; redirects are not followed")
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _LATER:
        return Refused(f"it answers HTTP {status}")
    return Delayed(f"it answers HTTP {status}")


def _not_reached(error: Exception) -> Answer:
    if isinstance(getattr(error, "os_error", error), NotPublic):
        return Refused("its address is not public; the installation may allow its network")
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return Delayed("its certificate is not trusted")
    if isinstance(error, TimeoutError):
        return Delayed("it does not answer in time")
    return Delayed("it cannot be reached")


def _context(authority: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authority:
        context.load_verify_locations(cafile=authority)
    return context
