"""The mailer against a real SMTP server: what arrives, what is refused, what may pass, and what never leaves."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from capforge_operator.adapters.smtp import SmtpMailer
from capforge_operator.adapters.system_clock import SystemClock
from capforge_operator.notification_settings import NotificationSettings
from capforge_operator.posting import Delayed, Letter, Mail, Refused, Sent
from capforge_tools.certificates import Authority, KeyPair
from tests.support.mailserver import PASSWORD, USER, Inbox, MailServer, mail_server

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@elsewhere.example"
LETTER = Letter("[Capforge] Läufe", "Blutkörper 血球\n", "<p>Blutkörper 血球</p>")


@pytest.fixture
def plain() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def guarded(pair: KeyPair) -> Iterator[MailServer]:
    with mail_server(pair=pair, needs_login=True) as server:
        yield server


@pytest.fixture
def login(tmp_path: Path) -> Path:
    (tmp_path / "username").write_text(USER)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    return tmp_path


def mailer(server: MailServer, **changes: Any) -> SmtpMailer:
    values = {
        "smtp_host": "localhost",
        "smtp_port": server.port,
        "smtp_from": "capforge@example.com",
        "smtp_security": "None" if server.pair is None else "StartTls",
        **changes,
    }
    return SmtpMailer(NotificationSettings(**values), SystemClock())


def mails(*addresses: str, letter: Letter = LETTER) -> list[Mail]:
    return [Mail(to, f"id-{number}", letter) for number, to in enumerate(addresses, start=1)]


async def test_everybody_gets_a_mail_of_their_own_over_one_connection(plain: MailServer):
    assert await mailer(plain).send(mails(ANN, BOB)) == [Sent(), Sent()]
    inbox = plain.inbox
    assert inbox.to == [ANN, BOB]
    assert [mail["Message-ID"] for mail in inbox.mails] == ["<id-1@example.com>", "<id-2@example.com>"]
    assert inbox.mails[0]["Subject"] == "[Capforge] Läufe"
    body = inbox.mails[0].get_body(("html",))
    assert body is not None
    assert "Blutkörper 血球" in body.get_content()
    assert inbox.connections == 1


async def test_starttls_and_login(guarded: MailServer, authority: Authority, login: Path):
    sender = mailer(guarded, smtp_ca=str(authority.own.certificate), smtp_credentials=str(login))
    assert await sender.send(mails(ANN)) == [Sent()]
    assert guarded.inbox.protected == [True]
    assert len(guarded.inbox.logins) == 1


async def test_tls_from_the_first_byte(pair: KeyPair, authority: Authority, login: Path):
    with mail_server(pair=pair, implicit=True, needs_login=True) as server:
        settings = {"smtp_ca": str(authority.own.certificate), "smtp_credentials": str(login)}
        assert await mailer(server, smtp_security="Tls", **settings).send(mails(ANN)) == [Sent()]
        assert server.inbox.to == [ANN]


async def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password(guarded: MailServer, login: Path):
    (answer,) = await mailer(guarded, smtp_credentials=str(login)).send(mails(ANN))
    assert answer == Delayed("the certificate of the mail server is not trusted")
    assert (guarded.inbox.mails, guarded.inbox.logins) == ([], [])


async def test_a_server_without_starttls_gets_neither_mail_nor_password(plain: MailServer, login: Path):
    (answer,) = await mailer(plain, smtp_security="StartTls", smtp_credentials=str(login)).send(mails(ANN))
    assert isinstance(answer, Delayed)
    assert (plain.inbox.mails, plain.inbox.logins) == ([], [])


async def test_a_wrong_password_may_be_put_right(guarded: MailServer, authority: Authority, login: Path):
    sender = mailer(guarded, smtp_ca=str(authority.own.certificate), smtp_credentials=str(login))
    (login / "password").write_text("wrong-and-secret")
    (answer,) = await sender.send(mails(ANN))
    assert isinstance(answer, Delayed)
    assert answer.cause.startswith("the mail server refuses the login: 535")
    assert "wrong-and-secret" not in answer.cause
    (login / "password").write_text(PASSWORD)
    assert await sender.send(mails(ANN)) == [Sent()]


async def test_credentials_that_are_not_there_are_named_without_their_place(plain: MailServer, tmp_path: Path):
    (answer,) = await mailer(plain, smtp_credentials=str(tmp_path)).send(mails(ANN))
    assert answer == Delayed("the login of the mail server cannot be read: username, password are needed")


async def test_each_recipient_gets_its_own_answer(plain: MailServer):
    plain.inbox.recipients = {ANN: "550 5.1.1 no such user", BOB: "450 4.2.1 try later"}
    answers = await mailer(plain).send(mails(ANN, BOB, "cy@example.com"))
    assert answers == [
        Refused("the mail server says 550 5.1.1 no such user"),
        Delayed("the mail server says 450 4.2.1 try later"),
        Sent(),
    ]
    assert plain.inbox.to == ["cy@example.com"]


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("552 5.3.4 too large", Refused("the mail server says 552 5.3.4 too large")),
        ("451 4.3.0 disk full", Delayed("the mail server says 451 4.3.0 disk full")),
    ],
    ids=["for good", "for now"],
)
async def test_content_that_is_not_taken(plain: MailServer, says: str, expected: object):
    plain.inbox.content = says
    assert await mailer(plain).send(mails(ANN)) == [expected]


async def test_a_sender_that_is_refused_is_the_installations_fault_and_may_pass(plain: MailServer):
    plain.inbox.senders = {"capforge@example.com": "550 5.7.1 not you"}
    (answer,) = await mailer(plain).send(mails(ANN))
    assert isinstance(answer, Delayed)
    assert "550 5.7.1 not you" in answer.cause


async def test_a_server_that_is_away_and_comes_back(plain: MailServer):
    sender = mailer(plain)
    plain.stop()
    assert await sender.send(mails(ANN)) == [Delayed("the mail server cannot be reached")]
    plain.start()
    assert await sender.send(mails(ANN)) == [Sent()]


async def test_a_slow_server_is_not_waited_for(plain: MailServer):
    plain.inbox.delay_seconds = 3600
    answers = await mailer(plain, smtp_timeout_seconds=0.3).send(mails(ANN, BOB))
    assert answers == [Delayed("the mail server does not answer in time")] * 2
    assert plain.inbox.mails == []


async def test_a_server_that_says_nothing_at_all(plain: MailServer):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        (answer,) = await mailer(plain, smtp_port=port, smtp_timeout_seconds=0.3).send(mails(ANN))
    assert answer == Delayed("the mail server does not answer in time")


async def test_a_server_that_ends_in_the_middle_keeps_what_it_took(plain: MailServer):
    first = plain.inbox

    class Ending(Inbox):
        async def handle_RCPT(self, server: SMTP, *rest: Any) -> str:  # noqa: N802
            if first.mails or self.mails:
                server.transport.close()
            return await super().handle_RCPT(server, *rest)

    with mail_server() as server:
        server.stop()
        server.inbox = Ending()
        server.start()
        answers = await mailer(server).send(mails(ANN, BOB))
        assert answers == [Sent(), Delayed("the mail server cannot be reached")]


async def test_only_allowed_domains_get_mail(plain: MailServer):
    sender = mailer(plain, smtp_allowed_domains="example.com,.corp.example")
    answers = await sender.send(mails(ANN, EVE, "x@sub.corp.example", "y@notexample.com", "Z@EXAMPLE.COM"))
    refused = Refused("the installation sends mail to .corp.example, example.com only")
    assert answers == [Sent(), refused, Sent(), refused, Sent()]
    assert len(plain.inbox.mails) == 3


async def test_who_gets_no_mail_costs_no_connection(plain: MailServer):
    await mailer(plain, smtp_allowed_domains="example.org").send(mails(ANN))
    assert plain.inbox.connections == 0


async def test_a_servers_words_cannot_break_a_line(plain: MailServer):
    plain.inbox.recipients = {ANN: "550-first\r\n550 second\tpart"}
    (answer,) = await mailer(plain).send(mails(ANN))
    assert answer == Refused("the mail server says 550 first second part")
