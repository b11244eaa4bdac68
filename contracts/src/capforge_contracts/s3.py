"""The object store on any S3 server, through boto3."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import uuid4

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from capforge_contracts.s3_words import REFUSED, SKEWED, WRITER, wrong_clock
from capforge_contracts.store import AlreadyExists, NotFound, ObjectInfo, Refused, StoreError, StorePatience

if TYPE_CHECKING:
    from capforge_contracts.store import ObjectStore

_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"412", "PreconditionFailed"}
_CONTENDED = {"409", "ConditionalRequestConflict"}
"""Somebody else writes the same key at this moment: nothing is decided yet."""
_REFUSED = REFUSED | {"403"}
_IMPOSSIBLE = {"KeyTooLongError", "InvalidArgument", "InvalidURI", "InvalidObjectName", "ObjectParentIsFile"}
"""No key of this name can be there."""
_PATIENCE = StorePatience()
_CONNECTIONS = 32
_CONTENDED_PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6)


class S3ObjectStore:
    """One bucket of an S3 server. Thread-safe."""

    def __init__(self, bucket: str, client: Any) -> None:
        """Wrap a ready boto3 S3 client."""
        self._bucket = bucket
        self._client = client

    @classmethod
    def from_environment(
        cls, bucket: str, env: Mapping[str, str], patience: StorePatience = _PATIENCE
    ) -> S3ObjectStore:
        """Build the client from the variables that open_store documents."""
        return cls(bucket, s3_client(env, patience))

    @property
    def uri(self) -> str:
        """`s3://<bucket>`."""
        return f"s3://{self._bucket}"

    def bucket(self, name: str) -> S3ObjectStore:
        """Return another bucket of the same server."""
        return S3ObjectStore(name, self._client)

    def get(self, key: str) -> bytes:
        """Return the object's bytes; raises NotFound, StoreError."""
        with self._translated(key):
            return cast("bytes", self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read())

    def open(self, key: str) -> IO[bytes]:
        """Return a stream of the object; raises NotFound, StoreError."""
        with self._translated(key):
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        return io.BufferedReader(_Body(body, lambda: self._translated(key)))

    def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        with self._translated(key):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data)

    def put_file(self, key: str, path: Path) -> None:
        """Write or replace the object with a file's contents."""
        with self._translated(key):
            self._client.upload_file(str(path), self._bucket, key)

    def put_new(self, key: str, data: bytes) -> None:
        """Write the object only if there is none; raises AlreadyExists.

        When the answer to the write is lost, the client sends it again and is told that the object exists: it is then
        looked at, since it may be ours.
        """
        writer = uuid4().hex
        for pause in (*_CONTENDED_PAUSES_SECONDS, None):
            try:
                with self._translated(key):
                    self._client.put_object(
                        Bucket=self._bucket, Key=key, Body=data, IfNoneMatch="*", Metadata={WRITER: writer}
                    )
            except _ContendedError:
                if pause is None:
                    raise
                time.sleep(pause)
            except AlreadyExists as error:
                if _was_sent_again(error) and self._writer(key) == writer:
                    return
                raise
            else:
                return

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under this key."""
        try:
            with self._translated(key):
                self._client.head_object(Bucket=self._bucket, Key=key)
        except NotFound:
            return False
        return True

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects whose key starts with the prefix, in key order."""
        with self._translated(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                for item in page.get("Contents", []):
                    yield ObjectInfo(item["Key"], item["Size"], item.get("ETag", "").strip('"'))

    def delete(self, key: str) -> None:
        """Delete the object; no error if there is none."""
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def _writer(self, key: str) -> str | None:
        """Return which put_new wrote the object."""
        with self._translated(key):
            written: str | None = self._client.head_object(Bucket=self._bucket, Key=key)["Metadata"].get(WRITER)
        return written

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        where = f"s3://{self._bucket}/{key}"
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _MISSING:
                raise NotFound(where) from error
            if code in _TAKEN:
                raise AlreadyExists(where) from error
            if code in _CONTENDED:
                raise _ContendedError(f"{where}: others write it at the same time") from error
            if code in SKEWED:
                raise wrong_clock(where, code) from error
            message = f"{where}: the object store answered {code or 'an error'}"
            raise (Refused if code in _REFUSED | _IMPOSSIBLE else StoreError)(message) from error
        except ParamValidationError as error:
            raise Refused(f"{where}: no bucket or key can have this name") from error
        except (BotoCoreError, Boto3Error) as error:
            message = f"{where}: {type(error).__name__}: {error}"
            raise StoreError(message) from error


class _ContendedError(StoreError):
    """The server could not decide a conditional write because of another one."""


def _was_sent_again(error: AlreadyExists) -> bool:
    cause = error.__cause__
    return isinstance(cause, ClientError) and cause.response["ResponseMetadata"].get("RetryAttempts", 0) > 0


class _Body(io.RawIOBase):
    """A response's body whose failures in the middle are StoreErrors too."""

    def __init__(self, body: Any, translated: Callable[[], AbstractContextManager[None]]) -> None:
        self._body = body
        self._translated = translated

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._translated():
            data: bytes = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()


def s3_client(env: Mapping[str, str], patience: StorePatience = _PATIENCE) -> Any:
    """Return a boto3 S3 client with bounded time-outs and retries."""
    path_style = env.get("CAPFORGE_STORE_PATH_STYLE", "true") == "true"
    return boto3.client(
        "s3",
        endpoint_url=env.get("AWS_ENDPOINT_URL") or None,
        region_name=env.get("AWS_REGION") or "us-east-1",
        aws_access_key_id=env.get("AWS_ACCESS_KEY_ID") or None,
        aws_secret_access_key=env.get("AWS_SECRET_ACCESS_KEY") or None,
        verify=env.get("CAPFORGE_STORE_CA") or None,
        config=Config(
            s3={"addressing_style": "path" if path_style else "auto"},
            connect_timeout=patience.connect_seconds,
            read_timeout=patience.read_seconds,
            retries={"max_attempts": patience.attempts, "mode": "standard"},
            max_pool_connections=_CONNECTIONS,
            # Servers other than AWS do not all know the newer default checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


if TYPE_CHECKING:
    _: type[ObjectStore] = S3ObjectStore
