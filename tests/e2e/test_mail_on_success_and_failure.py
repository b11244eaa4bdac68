"""Whoever a capability names gets a mail when a training run has ended: with links that work, or with what went wrong.

The tests are one story and run in this order; a real mail server (STARTTLS, login) takes the mails, and a webhook
(https, by an authority of its own) the signed requests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from email.message import EmailMessage
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
import pytest

from capforge.cluster.reach import reachable
from capforge_contracts.names import WEBHOOK_SECRET
from capforge_demo import story
from tests.e2e import manifests
from tests.e2e.mail import PASSWORD, Call, MailPod, mail_pod
from tests.e2e.product import Product
from tests.support.e2e import Json, System, Tenant
from tests.support.eventually import eventually
from tests.support.workloads import Workloads

NAME = "told"
ANN, STRANGER = "ann@example.com", "bert@elsewhere.test"
OUTSIDE = "https://models.example.com"
KEY = b"thirty-two bytes that sign hooks"
_SECONDS = 300.0


@pytest.fixture(scope="module")
def mail(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailPod]:
    """The installation sends mail; afterwards it is as it was."""
    with mail_pod(system, tmp_path_factory.mktemp("mail")) as pod:
        system.install(*pod.values, f"gateway.externalUrl={OUTSIDE}")
        yield pod
        system.install()


@pytest.fixture(scope="module")
def tenant(product: Product) -> Tenant:
    return product.tenant


def told_capability(mail: MailPod) -> Json:
    document = manifests.capability(NAME)
    hook = {"name": "chat", "url": mail.hook_url, "secretKey": "chat"}
    document["spec"]["notifications"] = {"email": {"recipients": [ANN, STRANGER]}, "webhooks": [hook]}
    return document


def signing_keys() -> Json:
    written = f"whsec_{base64.b64encode(KEY).decode()}"
    metadata = {"name": WEBHOOK_SECRET}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"chat": written}}


def run(name: str, **changes: object) -> Json:
    document = manifests.tiny_run(name, seed=31)
    document["spec"] |= {"capabilityRef": {"name": NAME}, **changes}
    return document


def about(mail: MailPod, run: str) -> EmailMessage:
    found = [one for one in mail.mails() if run in str(one["Subject"])]
    assert len(found) == 1, [str(one["Subject"]) for one in mail.mails()]
    return found[0]


def called(mail: MailPod, run: str) -> Call:
    found = [one for one in mail.calls() if one.data["trainingRun"] == run]
    assert len(found) == 1, [one.data["trainingRun"] for one in mail.calls()]
    return found[0]


def text(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_success_is_told_with_figures_and_links(tenant: Tenant, mail: MailPod) -> None:
    tenant.apply(signing_keys(), told_capability(mail), run("told-good"))
    tenant.until("trainingrun", "told-good", "Succeeded", "Completed", _SECONDS)
    tenant.until("trainingrun", "told-good", "Published", "Published", _SECONDS)
    message = eventually(lambda: about(mail, "told-good"), 60.0, 1.0)
    assert message["To"] == ANN
    plain = text(message)
    assert "1.1" in plain
    assert "map50" in plain.lower() or "map" in plain.lower()
    assert OUTSIDE in plain
    assert OUTSIDE in text(message, "html")


def test_its_links_open_without_a_key_and_only_what_they_name(system: System, mail: MailPod) -> None:
    links = re.findall(rf"{OUTSIDE}\S+", text(about(mail, "told-good")))
    report = next(link for link in links if "report.html" in link)
    model = next(link for link in links if "model.onnx" in link)
    with reachable(story.GATEWAY, system.cluster) as gateway, httpx.Client(trust_env=False, timeout=60) as http:
        shown = http.get(gateway + report.removeprefix(OUTSIDE))
        assert (shown.status_code, shown.headers["content-type"].split(";")[0]) == (HTTPStatus.OK, "text/html")
        assert "told-good" in shown.text
        assert len(http.get(gateway + model.removeprefix(OUTSIDE)).content) > 10_000
        parts = urlsplit(report)
        elsewhere = parts.path.replace("report.html", "metrics.jsonl")
        assert http.get(f"{gateway}{elsewhere}?{parts.query}").status_code in {401, 403}
        assert http.get(f"{gateway}{parts.path}").status_code == HTTPStatus.UNAUTHORIZED


def test_a_webhook_gets_the_same_news_signed(mail: MailPod) -> None:
    call = eventually(lambda: called(mail, "told-good"), 60.0, 1.0)
    identity, sent = call.headers["webhook-id"], call.headers["webhook-timestamp"]
    assert abs(time.time() - int(sent)) < 3600
    signed = f"{identity}.{sent}.".encode() + call.body
    expected = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert call.headers["webhook-signature"] == f"v1,{expected}"
    assert (call.data["outcome"], call.data["version"]) == ("Succeeded", "1.1")


def test_a_domain_that_is_not_allowed_gets_nothing_and_that_is_said(tenant: Tenant, mail: MailPod) -> None:
    assert all(one["To"] == ANN for one in mail.mails())

    def said() -> None:
        conditions = tenant.get("trainingrun", "told-good")["status"]["conditions"]
        assert any("elsewhere.test" in one["message"] for one in conditions), conditions

    eventually(said, 60.0, 1.0)  # what was sent is written down after it was sent


def test_a_failure_is_told_with_the_reason_and_what_to_do(tenant: Tenant, mail: MailPod) -> None:
    # A loss that is no number: nothing that anybody could have known before it was tried.
    overrides = {"optimizer": {"learningRate": 1.0, "gradientClipNorm": 0, "warmupSteps": 0, "precision": "Float32"}}
    started = run("told-bad", overrides=overrides, resources={"cpu": "1", "memory": "150Mi"})
    tenant.apply(started)

    def ended() -> bool:
        conditions = tenant.get("trainingrun", "told-bad").get("status", {}).get("conditions", [])
        return any(one["type"] == "Succeeded" and one["status"] == "False" for one in conditions)

    eventually(ended, _SECONDS, 1.0)
    reason = next(
        one["reason"]
        for one in tenant.get("trainingrun", "told-bad")["status"]["conditions"]
        if one["type"] == "Succeeded"
    )
    message = eventually(lambda: about(mail, "told-bad"), 60.0, 1.0)
    assert reason in text(message)
    assert "memory" in text(message).lower()
    assert eventually(lambda: called(mail, "told-bad"), 60.0, 1.0).data["reason"] == reason


def test_nobody_is_told_twice_when_the_operator_begins_anew(system: System, mail: MailPod) -> None:
    workloads = Workloads(system)

    def told() -> list[str]:
        return [str(one["Message-ID"]) for one in mail.mails()] + [one.headers["webhook-id"] for one in mail.calls()]

    before = told()
    assert len(before) == len(set(before))
    [operator] = [pod for pod in workloads.pods("operator") if pod.is_active]
    workloads.clients.kubectl("--namespace", workloads.namespace, "delete", "pod", operator.name)
    eventually(lambda: workloads.ready("operator"), 120.0, 1.0)
    assert told() == before


def test_the_password_is_in_no_log(system: System) -> None:
    workloads = Workloads(system)
    for pod in workloads.pods("operator"):
        log = workloads.clients.kubectl("--namespace", workloads.namespace, "logs", pod.name)
        assert PASSWORD not in log
