"""The object store as Capforge's processes see it: a small Protocol, its errors, and how one is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit


class StoreError(Exception):
    """The store could not be asked (network, credentials, server error): try again later."""


class NotFound(StoreError):  # noqa: N818 - reads as the fact it states
    """There is no object under this key."""


class Refused(StoreError):  # noqa: N818 - reads as the fact it states
    """The server understood and said no (credentials, rights, unknown bucket): trying again will not help."""


class TooLarge(Refused):
    """The object has more bytes than whoever asks for it takes into memory."""


class AlreadyExists(StoreError):  # noqa: N818 - reads as the fact it states
    """put_new found an object under this key; nothing was written."""


@dataclass(frozen=True)
class ObjectInfo:
    """What a listing tells about one object."""

    key: str
    size_bytes: int
    etag: str = field(default="", compare=False)
    """Of S3 only: tells whether the bytes are the same."""


class ObjectStore(Protocol):
    """A bucket. Keys are relative to it; writes are atomic; put_new succeeds for exactly one of many writers."""

    @property
    def uri(self) -> str:
        """`s3://<bucket>` or `file:///<folder>`."""
        ...

    def get(self, key: str) -> bytes:
        """Return the object's bytes; raises NotFound, StoreError."""
        ...

    def open(self, key: str) -> IO[bytes]:
        """Return a stream to read the object without holding it in memory; raises NotFound, StoreError."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        ...

    def put_file(self, key: str, path: Path) -> None:
        """Write or replace the object with a file's contents (multipart where large)."""
        ...

    def put_new(self, key: str, data: bytes) -> None:
        """Write the object only if there is none; raises AlreadyExists."""
        ...

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under this key."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects whose key starts with the prefix, in key order."""
        ...

    def delete(self, key: str) -> None:
        """Delete the object; no error if there is none."""
        ...


def read_at_most(store: ObjectStore, key: str, most_bytes: int) -> bytes:
    """Return the bytes of an object that somebody else wrote; raises TooLarge, NotFound, StoreError."""
    with store.open(key) as stream:
        data = stream.read(most_bytes + 1)
    check_size(f"{store.uri}/{key}", len(data), most_bytes)
    return data


def check_size(where: str, size_bytes: int, most_bytes: int) -> None:
    """Raise TooLarge where there are more bytes than that."""
    if size_bytes > most_bytes:
        message = f"{where} has more than {most_bytes} bytes, the most that is read of it"
        raise TooLarge(message)


@dataclass(frozen=True)
class StorePatience:
    """How long one call to an S3 server may take: connecting, waiting for an answer, and up to `attempts` times more.

    Between them botocore waits at random, up to 50 ms at first and twice as long each time: eight bridge the seconds in
    which a server is started again.
    """

    connect_seconds: float = 5
    read_seconds: float = 60
    attempts: int = 8


def open_store(env: Mapping[str, str], patience: StorePatience = StorePatience()) -> ObjectStore:
    """Open the store that `CAPFORGE_STORE` names: `s3://<bucket>` or `file:///<folder>`.

    S3 also reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION, CAPFORGE_STORE_CA and
    CAPFORGE_STORE_PATH_STYLE. Raises ValueError naming the variable that is wrong.
    """
    uri = env.get("CAPFORGE_STORE", "")
    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.netloc:
        from capforge_contracts.s3 import S3ObjectStore  # noqa: PLC0415 - boto3 only where S3 is used

        return S3ObjectStore.from_environment(parts.netloc, env, patience)
    if parts.scheme == "file" and parts.path:
        from capforge_contracts.files import FileObjectStore  # noqa: PLC0415 - twin of the import above

        return FileObjectStore(Path(parts.path))
    message = f"CAPFORGE_STORE is {uri!r}; allowed: s3://<bucket> or file:///<folder>"
    raise ValueError(message)


@dataclass(frozen=True)
class StoreUri:
    """A place that a person wrote: `s3://<bucket>/<key>`."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> StoreUri:
        """Parse `s3://bucket/key`; raises ValueError saying what is allowed."""
        parts = urlsplit(text)
        key = parts.path.lstrip("/")
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment or ".." in key.split("/"):
            message = f"{text!r} is not an object-store address; allowed: s3://<bucket>/<key>"
            raise ValueError(message)
        return cls(parts.netloc, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"
