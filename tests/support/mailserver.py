"""A real SMTP server in this process: StartTLS or TLS, login, and whatever answers a test wants."""

# ruff: noqa: ARG002, N802 - names and arguments of the methods are aiosmtpd's

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from capforge_tools.certificates import KeyPair
from tests.support.ports import free_port

USER, PASSWORD = "capforge", "correct horse battery staple"


@dataclass
class Inbox:
    """What the server took, and how it answers: the handler of aiosmtpd."""

    recipients: dict[str, str] = field(default_factory=dict)
    """The answer to RCPT TO for an address, such as `550 no such user`; others are taken."""
    senders: dict[str, str] = field(default_factory=dict)
    content: str = "250 taken"
    """The answer to the mail's content; what begins with 2 is kept."""
    delay_seconds: float = 0.0
    """Before the answer to the content."""
    before_answer: Callable[[], None] = lambda: None
    """Called when a mail is kept, before the server says so."""
    mails: list[EmailMessage] = field(default_factory=list)
    protected: list[bool] = field(default_factory=list)
    """For each mail: came by TLS."""
    logins: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def to(self) -> list[str]:
        return [str(mail["To"]) for mail in self.mails]

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.senders.get(address, "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.recipients.get(address, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.delay_seconds)
        if self.content.startswith("2"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=WIRE)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.protected.append(session.ssl is not None)
            self.before_answer()
        return self.content

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        good = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        if good:
            self.logins.append(mechanism)
        return AuthResult(success=good, handled=False)


@dataclass
class MailServer:
    """Can be ended and started again on its port."""

    inbox: Inbox
    pair: KeyPair | None = None
    """Its certificate; none: no TLS at all."""
    implicit: bool = False
    """TLS from the first byte instead of StartTLS."""
    needs_login: bool = False
    port: int = field(default_factory=free_port)
    _controller: Controller | None = None

    def start(self) -> None:
        context = self._context()
        self._controller = Controller(
            self.inbox,
            hostname="127.0.0.1",
            port=self.port,
            ready_timeout=30,
            ssl_context=context if self.implicit else None,
            tls_context=None if self.implicit else context,
            require_starttls=context is not None and not self.implicit,
            authenticator=self.inbox.login,
            auth_required=self.needs_login,
            auth_require_tls=not self.implicit,
        )
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def _context(self) -> ssl.SSLContext | None:
        if self.pair is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pair.certificate, self.pair.key)
        return context


@contextmanager
def mail_server(**settings: Any) -> Iterator[MailServer]:
    """Run a server with an inbox of its own."""
    server = MailServer(Inbox(), **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()
