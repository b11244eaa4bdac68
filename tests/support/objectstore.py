"""Fixture `s3`: a real S3 server (versitygw) on loopback with the bucket `capforge`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from capforge_contracts.s3 import S3ObjectStore, s3_client
from capforge_tools import binaries
from tests.support.ports import free_port
from tests.support.servers import running

BUCKET = "capforge"
_REGION = "us-east-1"


@dataclass(frozen=True)
class S3Server:
    """A running S3 server and its root credentials."""

    endpoint_url: str
    access_key: str
    secret_key: str
    folder: Path
    """What the server stores lies here: `<bucket>/<key>`."""
    bucket: str = BUCKET
    pid: int = 0
    """Of its process."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which every process of Capforge finds the store."""
        return {
            "CAPFORGE_STORE": f"s3://{self.bucket}",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": _REGION,
            "CAPFORGE_STORE_PATH_STYLE": "true",
        }

    def store(self, bucket: str | None = None) -> S3ObjectStore:
        """Return a client of the bucket (the server's own where none is named)."""
        return S3ObjectStore.from_environment(bucket or self.bucket, self.environment)

    def create_bucket(self, name: str) -> S3ObjectStore:
        """Create another bucket and return its client."""
        s3_client(self.environment).create_bucket(Bucket=name)
        return self.store(name)


@contextmanager
def s3_server(folder: Path, port: int | None = None, accounts: Path | None = None) -> Iterator[S3Server]:
    """Run versitygw for the block, storing below `folder`; a fixed port lets a test stop it and start it again.

    With `accounts` it takes more accounts than the root's from that folder.
    """
    port = port or free_port()
    program = binaries.ensure("versitygw") / "versitygw"
    root = folder / "buckets"
    # Objects carry their metadata as extended attributes; where the file system has none, in files beside.
    sidecar = folder / "metadata"
    for each in (root, sidecar):
        each.mkdir(parents=True, exist_ok=True)
    metadata = [] if _has_attributes(root) else ["--sidecar", str(sidecar)]
    server = S3Server(f"http://127.0.0.1:{port}", "test-access", "test-secret-key", root)
    more = ["--iam-dir", str(accounts), "--iam-cache-disable"] if accounts else []
    argv = [str(program), "--port", f"127.0.0.1:{port}", "--region", _REGION, "--quiet", *more]
    argv += ["posix", *metadata, str(root)]
    credentials = {"ROOT_ACCESS_KEY_ID": server.access_key, "ROOT_SECRET_ACCESS_KEY": server.secret_key}
    log, env = folder / "versitygw.log", {**os.environ, **credentials}
    with running(argv, log, lambda: _has_bucket(server), env=env) as process:
        yield replace(server, pid=process.pid)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server for the test process (under xdist: one per worker)."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_store(s3: S3Server) -> S3ObjectStore:
    """The store on the shared server's bucket."""
    return s3.store()


def _has_bucket(server: S3Server) -> bool:
    """Create the bucket; both the server and the bucket are up once that is answered."""
    client = s3_client(server.environment)
    existing = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    if server.bucket not in existing:
        client.create_bucket(Bucket=server.bucket)
    return True


def _has_attributes(folder: Path) -> bool:
    try:
        os.setxattr(folder, "user.capforge", b"1")
        os.removexattr(folder, "user.capforge")
    except OSError:
        return False
    return True
