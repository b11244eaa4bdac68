"""The port Mailer: SMTP with StartTLS or TLS, one connection for the mails of one pass."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from capforge_operator.letters.mime import mime
from capforge_operator.notification_settings import NotificationSettings, SmtpSecurity
from capforge_operator.ports import Clock
from capforge_operator.posting import Answer, Delayed, Mail, Refused, Sent

_PASS_SECONDS = 120.0
"""What is not sent by then waits for the next pass: what was sent gets written down in time."""
_PERMANENT = 500
_CAUSE_CHARS = 200
_UNTRIED = "not tried yet: the mail server is slow"


class _NoLogin(Exception):  # noqa: N818 - reads as the fact it states
    """The files of the login cannot be read."""


_TROUBLE = (SMTPException, OSError, ValueError, TimeoutError, _NoLogin)


class SmtpMailer:
    """Sends through the installation's mail server.

    - Nothing is said, least of all a password, before the way is protected, unless the installation asks for that.
    - A domain that is not allowed gets no mail. A recipient that the server refuses for good (5xx) is refused.
    - All else may pass: no connection, a wrong password, a sender that is refused, 4xx.
    """

    def __init__(self, settings: NotificationSettings, clock: Clock) -> None:
        """Take where the server is."""
        self._settings = settings
        self._clock = clock

    @property
    def configured(self) -> bool:
        """Tell whether there is a mail server."""
        return bool(self._settings.smtp_host)

    async def send(self, mails: Sequence[Mail]) -> list[Answer]:
        """Send one after another."""
        answers: list[Answer | None] = [self._unwanted(mail) for mail in mails]
        waiting = [number for number, answer in enumerate(answers) if answer is None]
        if waiting:
            try:
                async with self._connected() as server:
                    await self._pass(server, mails, waiting, answers)
            except _TROUBLE as error:
                cause = Delayed(_cause(error))
                answers = [answer or cause for answer in answers]
        return [answer or Delayed(_UNTRIED) for answer in answers]

    async def _pass(
        self, server: SMTP, mails: Sequence[Mail], waiting: Sequence[int], answers: list[Answer | None]
    ) -> None:
        ends = time.monotonic() + _PASS_SECONDS
        for number in waiting:
            if time.monotonic() > ends:
                return
            answers[number] = await self._send(server, mails[number])

    async def _send(self, server: SMTP, mail: Mail) -> Answer:
        """Send one mail; raises what concerns the connection and so all mails after it."""
        settings = self._settings
        message = mime(mail, settings.smtp_from, settings.smtp_from_name, self._clock.now())
        try:
            await server.send_message(message, sender=settings.smtp_from, recipients=[mail.to])
        except SMTPRecipientsRefused as error:
            return _of_response(error.recipients[0])
        except (SMTPRecipientRefused, SMTPDataError) as error:
            return _of_response(error)
        return Sent()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SMTP]:
        settings, folder = self._settings, self._settings.smtp_credentials_folder
        login = await asyncio.to_thread(_login, folder) if folder else None
        protected = settings.smtp_security is not SmtpSecurity.NONE
        server = SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            timeout=settings.smtp_timeout_seconds,
            use_tls=settings.smtp_security is SmtpSecurity.TLS,
            start_tls=settings.smtp_security is SmtpSecurity.START_TLS,
            tls_context=await asyncio.to_thread(_context, settings.smtp_ca) if protected else None,
        )
        try:
            await server.connect()
            if login is not None:
                await server.login(*login)
            yield server
        finally:
            with suppress(*_TROUBLE):
                await server.quit()
            server.close()

    def _unwanted(self, mail: Mail) -> Refused | None:
        allowed = self._settings.smtp_allowed_domains
        domain = mail.to.rpartition("@")[2].lower()
        if not allowed or any(_allows(one.lower(), domain) for one in allowed):
            return None
        return Refused(f"the installation sends mail to {', '.join(sorted(allowed))} only")


def _allows(entry: str, domain: str) -> bool:
    return domain.endswith(entry) if entry.startswith(".") else domain == entry


def _of_response(error: SMTPResponseException) -> Answer:
    cause = f"the mail server says {error.code} {_line(error.message)}"
    return Refused(cause) if error.code >= _PERMANENT else Delayed(cause)


def _cause(error: BaseException) -> str:
    """Return what is wrong with the connection, on one line, without ports and times that would differ each time."""
    if isinstance(error, _NoLogin):
        return str(error)
    if isinstance(error, SMTPResponseException):
        refused = "refuses the login:" if isinstance(error, SMTPAuthenticationError) else "says"
        return f"the mail server {refused} {error.code} {_line(error.message)}"
    if isinstance(error, TimeoutError):  # SMTPTimeoutError is one too
        return "the mail server does not answer in time"
    if _is_of_certificate(error):
        return "the certificate of the mail server is not trusted"
    if isinstance(error, SMTPConnectError | SMTPServerDisconnected | OSError):
        return "the mail server cannot be reached"
    return f"the mail server cannot be used: {_line(str(error))}"


def _is_of_certificate(error: BaseException) -> bool:
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, ssl.SSLError):
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x20\x7f]+", " ", text).strip()[:_CAUSE_CHARS]


def _login(folder: Path) -> tuple[str, str]:
    try:
        return (folder / "username").read_text().strip(), (folder / "password").read_text().strip()
    except (OSError, ValueError) as error:
        raise _NoLogin("the login of the mail server cannot be read: username, password are needed") from error


def _context(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority or None)
