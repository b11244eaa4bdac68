"""A mail server and a webhook as a pod: what comes is kept, a file for each.

Mail is taken by STARTTLS and login only, and kept under /tmp/mails; requests by https only, and kept under /tmp/hooks.
"""

from __future__ import annotations

import sys

sys.path.insert(0, "/srv/libraries.zip")

import base64
import itertools
import json
import os
import signal
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

MAILS = Path("/tmp/mails")  # noqa: S108 - the pod's own
PORT = 2525
HOOKS = Path("/tmp/hooks")  # noqa: S108 - the pod's own
HOOKS_PORT = 8443


class Keeper:
    """Writes a mail under its number, whole or not at all."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    async def handle_DATA(self, _server, _session, envelope):  # noqa: ANN001, N802 - aiosmtpd's name
        number = next(self._numbers)
        part = MAILS / f"{number}.part"
        part.write_bytes(envelope.content)
        part.replace(MAILS / f"{number:03d}.eml")
        return "250 taken"


class Hook(BaseHTTPRequestHandler):
    """Writes a request under its number, whole or not at all."""

    numbers = itertools.count(1)

    def do_POST(self) -> None:
        number, body = next(self.numbers), self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = {"path": self.path, "headers": headers, "body": base64.b64encode(body).decode()}
        part = HOOKS / f"{number}.part"
        part.write_text(json.dumps(call))
        part.replace(HOOKS / f"{number:03d}.json")
        self.send_response(204)
        self.end_headers()


def listen_for_hooks(tls: ssl.SSLContext) -> None:
    """Serve from a thread of its own; it listens when this returns."""
    HOOKS.mkdir(exist_ok=True)
    server = ThreadingHTTPServer(("", HOOKS_PORT), Hook)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def login(_server, _session, _envelope, _mechanism, given) -> AuthResult:  # noqa: ANN001
    good = (given.login.decode(), given.password.decode()) == (os.environ["MAIL_USER"], os.environ["MAIL_PASSWORD"])
    return AuthResult(success=good, handled=False)


if __name__ == "__main__":
    MAILS.mkdir(exist_ok=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/srv/tls/tls.crt", "/srv/tls/tls.key")
    listen_for_hooks(context)  # before the port that readiness is asked at
    Controller(
        Keeper(),
        hostname="",
        port=PORT,
        tls_context=context,
        require_starttls=True,
        authenticator=login,
        auth_required=True,
    ).start()
    signal.sigwait({signal.SIGTERM})
