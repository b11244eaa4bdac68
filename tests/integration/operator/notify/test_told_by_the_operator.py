"""The operator as a process with nothing but its own rights, a real API server, store, mail server and webhook."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.ledger import Notified, read_entry
from capforge_contracts.names import WEBHOOK_SECRET
from capforge_tools.certificates import Authority, KeyPair
from tests.integration.operator.life import Life
from tests.integration.operator.process import Installation, OperatorProcess
from tests.integration.operator.rest import forget_earlier_tests, until_at_rest, until_it_has_looked
from tests.support.eventually import eventually
from tests.support.mailserver import PASSWORD, USER, MailServer, mail_server
from tests.unit.operator.training_world import capability, run

SLOW = 150.0
ANN, EVE = "ann@example.com", "eve@elsewhere.example"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def server(pair: KeyPair) -> Iterator[MailServer]:
    with mail_server(pair=pair, needs_login=True) as running:
        yield running


@pytest.fixture
def postman(
    installation: Installation, server: MailServer, authority: Authority, tmp_path: Path
) -> Iterator[OperatorProcess]:
    (tmp_path / "username").write_text(USER)
    (tmp_path / "password").write_text(PASSWORD)
    environment = {
        "CAPFORGE_SMTP_HOST": "localhost",
        "CAPFORGE_SMTP_PORT": str(server.port),
        "CAPFORGE_SMTP_FROM": "capforge@example.com",
        "CAPFORGE_SMTP_CA": str(authority.own.certificate),
        "CAPFORGE_SMTP_CREDENTIALS": str(tmp_path),
        "CAPFORGE_SMTP_ALLOWED_DOMAINS": "example.com",
        "CAPFORGE_SMTP_TIMEOUT_SECONDS": "10",
        "CAPFORGE_NOTIFY_RETRY_SECONDS": "1",
        "CAPFORGE_RESYNC_SECONDS": "0.5",
        "CAPFORGE_LINKS_URL": "https://models.example.com",
    }
    server.inbox.mails.clear()
    server.inbox.before_answer = lambda: None
    process = OperatorProcess(installation, environment)
    process.start()
    yield process
    process.close()


@pytest.fixture
def life(installation: Installation, tenant: str) -> Life:
    return Life(installation.kube, installation.s3.store(), tenant)


def apply_with(life: Life, *recipients: str) -> None:
    life.apply_all()
    document: dict[str, Any] = capability()
    document["spec"]["notifications"] = {"email": {"recipients": list(recipients)}}
    life.apply(document)
    life.answer_snapshot()


def await_told(life: Life, reason: str) -> str:
    def check() -> str:
        found = life.run().status.condition("Notified")
        assert found is not None
        assert found.reason == reason, found
        return found.message

    return eventually(check, timeout_seconds=SLOW)


def entries(life: Life) -> list[Notified]:
    keys = [one.key for one in life.store.list(layout.ledger_prefix(life.namespace, "cells"))]
    return [one for one in map(read_entry, map(life.store.get, keys)) if isinstance(one, Notified)]


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_a_success_is_mailed_with_links_and_a_picture_even_where_the_operator_is_killed_between(
    postman: OperatorProcess, server: MailServer, life: Life
):
    """The mail server has taken the mail and the ledger does not know: that mail comes twice, under one id."""
    forget_earlier_tests(life.kube)
    inbox = server.inbox
    killed = Event()

    def kill() -> None:
        postman.stop(signal.SIGKILL)
        killed.set()

    inbox.before_answer = kill
    apply_with(life, ANN, EVE)
    pod = life.begin_training_when_pending()
    life._write("cells-1", layout.REPORT, f'<img src="data:image/png;base64,{PIXEL}">'.encode())
    life.end_training(pod)
    eventually(killed.is_set, timeout_seconds=SLOW)
    assert entries(life) == []
    inbox.before_answer = lambda: None
    postman.start()
    message = await_told(life, "NotificationRefused")
    assert message == f"sent to {ANN}; refused {EVE}: the installation sends mail to example.com only"
    first, second = inbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert inbox.to == [ANN, ANN]
    html = html_of(second)
    digest = life.run().status.run_digest
    assert f"https://models.example.com/v1/runs/{life.namespace}/{digest}/report.html?expires=" in html
    pictures = [one for one in second.walk() if one.get_content_type() == "image/png"]
    assert [one.get_content() for one in pictures] == [base64.b64decode(PIXEL)]  # type: ignore[attr-defined]
    assert PASSWORD not in postman.log

    postman.stop(signal.SIGKILL)
    for kind, name in (("trainingrun", "cells-1"), ("capability", "cells")):
        life.kube.kubectl("delete", kind, name, "-n", life.namespace, "--wait=true")
    document: dict[str, Any] = capability()
    document["spec"]["notifications"] = {"email": {"recipients": [ANN]}}
    life.apply(document, run())
    postman.start()
    await_told(life, "NotificationRefused")
    assert len(inbox.mails) == 2
    assert len(entries(life)) == 1

    until_at_rest(postman)
    postman.stop()
    postman.start()
    until_it_has_looked(postman)
    assert postman.writes() == 0, "at rest nothing is written"


def test_a_failure_is_mailed_when_the_server_is_back(postman: OperatorProcess, server: MailServer, life: Life):
    server.stop()
    try:
        apply_with(life, ANN)
        pod = life.begin_training_when_pending()
        life.fail_training(pod, ExitCode.NON_FINITE_LOSS, "NonFiniteLoss", "the loss is <b>nan</b> in epoch 3")
        assert "the mail server cannot be reached" in await_told(life, "NotificationDelayed")
        began = life.run().metadata.resource_version
    finally:
        server.start()
    await_told(life, "NotificationSent")
    (mail,) = server.inbox.mails
    assert mail["Subject"].endswith("cells-1 failed (NonFiniteLoss)")
    assert "the loss is &lt;b&gt;nan&lt;/b&gt; in epoch 3" in html_of(mail)
    assert "Lower the learning rate" in html_of(mail)
    assert life.run().metadata.resource_version != began


def test_a_webhook_without_its_key_says_which_entry_is_missing(
    installation: Installation, authority: Authority, life: Life
):
    """The operator reads the one Secret that the tenant chart lets it read; the receiver is tested elsewhere."""
    process = OperatorProcess(installation, {"CAPFORGE_WEBHOOKS_ENABLED": "true", "CAPFORGE_NOTIFY_RETRY_SECONDS": "1"})
    process.start()
    try:
        life.apply_all()
        document: dict[str, Any] = capability()
        hook = {"name": "chat", "url": "http://127.0.0.1:9/hook", "secretKey": "chat"}
        public = {"name": "public", "url": "https://hooks.example.invalid/x", "secretKey": "chat"}
        document["spec"]["notifications"] = {"webhooks": [hook, public]}
        life.apply(document)
        life.answer_snapshot()
        pod = life.begin_training_when_pending()
        life.fail_training(pod, ExitCode.BAD_DATA, "BadData", "no images")
        message = await_told(life, "NotificationDelayed")
        assert "refused webhook chat: its address is not public" in message
        assert f"webhook public: Secret {WEBHOOK_SECRET} cannot be read in this namespace" in message
        key = base64.b64encode(b"a key of enough bytes for this").decode()
        secret = {"name": WEBHOOK_SECRET, "namespace": life.namespace}
        life.kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": secret, "data": {"chat": key}})

        def reached() -> None:
            found = life.run().status.condition("Notified")
            assert found is not None
            assert "webhook public: it cannot be reached" in found.message

        eventually(reached, timeout_seconds=SLOW)
    finally:
        process.close()
