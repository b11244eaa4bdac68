"""The port Store on any S3 server, on the event loop, through obstore (ADR 0081).

Same meaning and errors as capforge_contracts.s3, which all other processes use; one contract test runs against both.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import obstore
from obstore import exceptions
from obstore.store import S3Store as Client

from capforge_contracts.layout import most_bytes
from capforge_contracts.s3_words import REFUSED, SKEWED, WRITER, wrong_clock
from capforge_contracts.store import AlreadyExists, NotFound, ObjectInfo, Refused, StoreError, check_size
from capforge_operator.adapters.telling import Told, nobody, telling

if TYPE_CHECKING:
    from obstore.store import ClientConfig

_ATTEMPTS = 4
_PAUSE_SECONDS = 0.2
_MESSAGE_CHARS = 300
_PIECE_BYTES = 1 << 20
"""Digested at a time: about a millisecond of the event loop."""
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
T = TypeVar("T")


class S3Store:
    """One bucket over kept-alive connections. What the server could not answer is asked again a few times."""

    def __init__(self, bucket: str, client: Client, told: Told = nobody) -> None:
        """Take a ready client, and whom to tell of each call."""
        self._bucket = bucket
        self._client = client
        self._told = told

    @property
    def uri(self) -> str:
        """`s3://<bucket>`."""
        return f"s3://{self._bucket}"

    async def get(self, key: str) -> bytes:
        """Return the object's bytes, no more than layout.most_bytes."""

        async def ask() -> bytes:
            found = await obstore.get_async(self._client, key)
            check_size(f"{self.uri}/{key}", found.meta["size"], most_bytes(key))
            return bytes(await found.bytes_async())

        return await self._asked("get", key, ask)

    async def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        await self._asked("put", key, lambda: obstore.put_async(self._client, key, data, use_multipart=False))

    async def put_new(self, key: str, data: bytes) -> None:
        """Write the object only if there is none.

        When the answer to the write is lost it is sent again and refused: what is there may be ours, so each write
        carries a number of its own. Refused although nothing is there: others write it at this moment, none has won.
        """
        writer = uuid4().hex

        async def ask() -> None:
            try:
                await obstore.put_async(
                    self._client, key, data, mode="create", attributes={WRITER: writer}, use_multipart=False
                )
            except exceptions.AlreadyExistsError:
                if await self._writer(key) != writer:
                    raise

        await self._asked("put_new", key, ask)

    async def exists(self, key: str) -> bool:
        """Tell whether there is an object under this key."""
        try:
            await self._asked("exists", key, lambda: obstore.head_async(self._client, key))
        except NotFound:
            return False
        return True

    async def sha256(self, key: str, at_most_bytes: int) -> str | None:
        """Return the digest of the object's bytes, None where there are more than `at_most_bytes`."""

        async def ask() -> str | None:
            found = await obstore.get_async(self._client, key)
            if found.meta["size"] > at_most_bytes:
                return None
            digest = hashlib.sha256()
            async for piece in found.stream(min_chunk_size=_PIECE_BYTES):
                digest.update(piece)
            return digest.hexdigest()

        return await self._asked("sha256", key, ask)

    async def list(self, prefix: str) -> list[ObjectInfo]:
        """Return the objects below the prefix, which ends in a slash, in key order."""
        if not prefix.endswith("/"):
            message = f"prefix {prefix!r}: allowed: one that ends in a slash"
            raise ValueError(message)

        async def ask() -> list[ObjectInfo]:
            return [
                ObjectInfo(one["path"], one["size"], (one["e_tag"] or "").strip('"'))
                async for page in obstore.list(self._client, prefix)
                for one in page
            ]

        return sorted(await self._asked("list", prefix, ask), key=lambda one: one.key)

    async def _writer(self, key: str) -> str | None:
        """Return which put_new wrote the object."""
        try:
            found = await obstore.get_async(self._client, key)
        except FileNotFoundError as error:
            message = "others write it at the same time"
            raise exceptions.GenericError(message) from error
        return found.attributes.get(WRITER)

    async def _asked(self, operation: str, key: str, ask: Callable[[], Awaitable[T]]) -> T:
        with telling(self._told, operation):
            return await self._insist(f"{self.uri}/{key}", ask)

    async def _insist(self, where: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until there is an answer that means something; raises StoreError and its kinds."""
        failure: Exception = StoreError(where)
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_PAUSE_SECONDS * 2**attempt * (0.5 + random.random()))  # noqa: S311 - no secret
            try:
                return await ask()
            except (exceptions.BaseError, OSError) as error:  # "not found" comes as Python's own FileNotFoundError
                if (meaning := _meaning(where, error)) is not None:
                    raise meaning from error
                failure = error
        message = f"{where}: {_excerpt(failure)}"
        raise StoreError(message) from failure


def open_s3(env: Mapping[str, str], told: Told = nobody) -> S3Store:
    """Open the bucket that the variables of capforge_contracts.store.open_store name; raises ValueError."""
    uri = env.get("CAPFORGE_STORE", "")
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc:
        message = f"CAPFORGE_STORE is {uri!r}; allowed: s3://<bucket>"
        raise ValueError(message)
    settings: dict[str, Any] = {
        "region": env.get("AWS_REGION") or "us-east-1",
        "endpoint": env.get("AWS_ENDPOINT_URL", "").rstrip("/"),
        "access_key_id": env.get("AWS_ACCESS_KEY_ID", ""),
        "secret_access_key": env.get("AWS_SECRET_ACCESS_KEY", ""),
        "session_token": env.get("AWS_SESSION_TOKEN", ""),
    }
    client = Client(
        parts.netloc,
        virtual_hosted_style_request=env.get("CAPFORGE_STORE_PATH_STYLE", "true") != "true",
        client_options=_connection(env),
        # Asked again by us: only we know whether a conditional write that was sent twice is ours.
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
        **{name: value for name, value in settings.items() if value},
    )
    return S3Store(parts.netloc, client, told)


def _connection(env: Mapping[str, str]) -> ClientConfig:
    options: ClientConfig = {
        "allow_http": env.get("AWS_ENDPOINT_URL", "").startswith("http://"),
        "connect_timeout": "5s",
        "read_timeout": "60s",
        "timeout": "120s",
    }
    if authority := env.get("CAPFORGE_STORE_CA"):
        options["root_certificate"] = Path(authority).read_bytes()
    return options


def _meaning(where: str, error: Exception) -> StoreError | None:
    """Return what the answer says, None where another try may bring a better one."""
    found = _CODE.search(str(error))
    code = found.group(1) if found else ""
    if code in SKEWED:
        return wrong_clock(where, code)
    if code in REFUSED or isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError):
        return Refused(f"{where}: the object store answered {code or type(error).__name__}")
    if isinstance(error, exceptions.AlreadyExistsError):
        return AlreadyExists(where)
    return NotFound(where) if isinstance(error, FileNotFoundError | exceptions.NotFoundError) else None


def _excerpt(error: Exception) -> str:
    return " ".join(str(error).split())[:_MESSAGE_CHARS]
