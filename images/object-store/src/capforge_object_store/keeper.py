"""Keeps the S3 server's accounts as the tenants are: `python -m capforge_object_store.keeper`, beside the server.

Nothing is remembered: after any restart the accounts are made from the tenants and the root's secret again.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from capforge_object_store import accounts
from capforge_object_store.signing import signed_headers
from capforge_object_store.tenants import Tenants

USERS_FILE = "users.json"
_REGION = "us-east-1"
_SECONDS = 10.0
_PAUSE_SECONDS = 2.0
_HEALTH_PORT = 7071


@dataclass(frozen=True)
class Server:
    """The S3 server beside this process."""

    url: str
    bucket: str
    access: str
    secret: str = field(repr=False)
    folder: Path
    """Where it reads its accounts."""

    def admit(self, namespaces: list[str]) -> None:
        """Give exactly these tenants accounts (and the gateway its own); raises OSError.

        Accounts first: a policy names only those there are.
        """
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            file.write(accounts.users(namespaces, self.secret))
        Path(file.name).rename(self.folder / USERS_FILE)
        body = accounts.policy(self.bucket, namespaces)
        url = f"{self.url}/{self.bucket}?policy"
        headers = signed_headers("PUT", url, body, (self.access, self.secret), datetime.now(UTC), _REGION)
        request = urllib.request.Request(url, data=body, headers=headers, method="PUT")  # noqa: S310 - loopback
        urllib.request.urlopen(request, timeout=_SECONDS).close()  # noqa: S310 - loopback


def keep(tenants: Tenants, server: Server, ready: threading.Event) -> None:
    """Follow the tenants for ever; an error is said and tried again."""
    known: list[str] | None = None
    while True:
        try:
            namespaces, version = tenants.listed()
            if namespaces != known:
                server.admit(namespaces)
                known = namespaces
                ready.set()
                _say(f"accounts of {len(namespaces)} tenants")
            tenants.wait_for_change(version)
        except (OSError, HTTPException, ValueError, KeyError) as error:
            known = None
            _say(f"accounts are not up to date, tried again: {error}")
            time.sleep(_PAUSE_SECONDS)


def server_of(env: Mapping[str, str]) -> Server:
    """Return the server beside this process."""
    return Server(
        env.get("CAPFORGE_S3_URL") or "http://127.0.0.1:7070",
        env.get("CAPFORGE_BUCKET") or "capforge",
        env["ROOT_ACCESS_KEY_ID"],
        env["ROOT_SECRET_ACCESS_KEY"],
        Path(env["CAPFORGE_ACCOUNTS"]),
    )


def tenants_of(env: Mapping[str, str]) -> Tenants:
    """Return the API server of the cluster that this pod runs in."""
    host, port = env["KUBERNETES_SERVICE_HOST"], env["KUBERNETES_SERVICE_PORT"]
    address = f"[{host}]" if ":" in host else host
    return Tenants(f"https://{address}:{port}", env["CAPFORGE_NAMESPACE"], Path(env["CAPFORGE_API_CREDENTIALS"]))


def _health(ready: threading.Event, port: int) -> ThreadingHTTPServer:
    """Answer /healthz while the process lives, /readyz once the accounts were made."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_fine = ready.is_set() or self.path == "/healthz"
            self.send_response(200 if is_fine else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing about probes."""

    return ThreadingHTTPServer(("", port), Handler)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> None:
    """Keep the accounts until the process is ended."""
    try:
        tenants, server = tenants_of(os.environ), server_of(os.environ)
    except KeyError as error:
        sys.exit(f"{error.args[0]} is not set: see images/object-store/Dockerfile")
    ready = threading.Event()
    health = _health(ready, int(os.environ.get("CAPFORGE_HEALTH_PORT") or _HEALTH_PORT))
    threading.Thread(target=health.serve_forever, daemon=True).start()
    keep(tenants, server, ready)


if __name__ == "__main__":
    main()
