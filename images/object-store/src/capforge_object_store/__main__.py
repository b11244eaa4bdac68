"""Starts the embedded S3 server: makes the bucket's folder, then becomes versitygw. Standard library only."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_DATA = Path("/data")
_PORT = 7070
_REGION = "us-east-1"
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REQUIRED = ("ROOT_ACCESS_KEY_ID", "ROOT_SECRET_ACCESS_KEY")


class InvalidSettingError(Exception):
    """An environment variable is missing or wrong; the message names it and what is allowed."""


def bucket_of(env: Mapping[str, str]) -> str:
    """Return the bucket's name; raises InvalidSettingError for a name that no S3 client accepts."""
    name = env.get("CAPFORGE_BUCKET") or "capforge"
    if not _BUCKET_NAME.fullmatch(name):
        raise InvalidSettingError(f"CAPFORGE_BUCKET is {name!r}: 3 to 63 of a-z, 0-9, '.' and '-' are allowed")
    for variable in _REQUIRED:
        if not env.get(variable):
            raise InvalidSettingError(f"{variable} is not set: the S3 server needs its credentials")
    return name


def command(data: Path, port: int = _PORT) -> list[str]:
    """Return versitygw's command line: buckets and objects' metadata lie below `data`, `/health` needs no key."""
    options = [
        "--port",
        f":{port}",
        "--region",
        os.environ.get("AWS_REGION") or _REGION,
        "--health",
        "/health",
        "--quiet",
    ]
    if folder := os.environ.get("CAPFORGE_ACCOUNTS"):
        # Read anew at each request: what the keeper writes there holds at once.
        options += ["--iam-dir", folder, "--iam-cache-disable"]
    # Metadata beside the objects: not every volume's file system has extended attributes.
    return ["versitygw", *options, "posix", "--sidecar", str(data / "metadata"), str(data / "buckets")]


def main() -> None:
    """Prepare the volume and replace this process by the server."""
    try:
        bucket = bucket_of(os.environ)
    except InvalidSettingError as error:
        sys.exit(str(error))
    data = Path(os.environ.get("CAPFORGE_DATA") or _DATA)
    (data / "buckets" / bucket).mkdir(parents=True, exist_ok=True)
    (data / "metadata").mkdir(exist_ok=True)
    argv = command(data)
    os.execvp(argv[0], argv)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
