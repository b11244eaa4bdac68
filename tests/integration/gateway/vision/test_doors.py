"""The internal stream of what searches find: a real gateway, PostgreSQL, S3 and API server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from capforge_contracts.vision import Search, Selection, VisionCounts, VisionQuestion, VisionSubmission
from capforge_gateway.storage.vision import PostgresVision
from tests.integration.gateway.process import TOKEN, GatewayProcess, gateway_process
from tests.integration.gateway.vision.conftest import open_vision
from tests.integration.gateway.vision.random_store import fill
from tests.support.apiserver import KubeApi
from tests.support.objectstore import S3Server
from tests.support.postgres import Postgres

SENT = 80
"""Submissions of each namespace."""


@pytest.fixture(scope="module")
def tenant(kube: KubeApi) -> str:
    """The namespace that the store is filled for, with the Jobs' account."""
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acme"}})
    for account in ("capforge-job", "somebody"):
        manifest = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": "acme"}}
        kube.apply(manifest)
    return "acme"


@pytest.fixture(scope="module")
def gateway(
    kube: KubeApi,
    postgres: Postgres,
    template: str,
    s3: S3Server,
    runner: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[GatewayProcess]:
    """A gateway that may ask the API server whose token it is, on a filled store."""
    system = kube.create_namespace("system")
    kube.kubectl("create", "serviceaccount", "capforge-gateway", "-n", system)
    role = f"reviewer-{system}"
    kube.kubectl("create", "clusterrole", role, "--verb=create", "--resource=tokenreviews.authentication.k8s.io")
    kube.kubectl(
        "create", "clusterrolebinding", role, f"--clusterrole={role}", f"--serviceaccount={system}:capforge-gateway"
    )
    file = tmp_path_factory.mktemp("reviewer") / "token"
    file.write_text(kube.kubectl("create", "token", "capforge-gateway", "-n", system))
    address = postgres.url(postgres.create_database(template))

    async def filled() -> None:
        async with open_vision(address) as store:
            await fill(store, 3)

    runner.run(filled())
    settings = {
        "DATABASE_URL": address,
        "KUBERNETES_URL": kube.url,
        "KUBERNETES_TOKEN_FILE": str(file),
        "KUBERNETES_CA_FILE": str(kube.certificate_authority),
    }
    with gateway_process(tmp_path_factory.mktemp("gateway"), settings, plain=s3.environment) as process:
        yield process


def token(kube: KubeApi, account: str = "capforge-job", audience: str = "capforge-gateway") -> str:
    return kube.kubectl("create", "token", account, "-n", "acme", f"--audience={audience}").strip()


def ask(gateway: GatewayProcess, bearer: str, body: bytes, namespace: str = "acme") -> httpx.Response:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return gateway.http.post(f"{gateway.internal_url}/internal/vision/{namespace}", content=body, headers=headers)


def question(as_of: int = SENT, *searches: Search, selection: Selection = Selection.LATEST) -> bytes:
    return VisionQuestion(selection=selection, searches=list(searches) or [Search()], as_of_sequence=as_of).to_json()


def test_a_tenants_job_reads_what_searches_find_and_the_last_line_counts(
    gateway: GatewayProcess, kube: KubeApi, tenant: str
) -> None:
    bearer = token(kube)
    answer = ask(gateway, bearer, question(selection=Selection.ALL))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    *lines, last = answer.content.splitlines()
    found = [VisionSubmission.from_json(line) for line in lines]
    assert json.loads(last) == {"end": True, "count": len(found)}
    assert len(found) > 20
    assert [(one.sha256, one.sequence) for one in found] == sorted((one.sha256, one.sequence) for one in found)
    assert ask(gateway, bearer, question(selection=Selection.ALL)).content == answer.content
    early = ask(gateway, bearer, question(10, selection=Selection.ALL)).content.splitlines()
    assert all(VisionSubmission.from_json(line).sequence <= 10 for line in early[:-1])
    assert ask(gateway, bearer, question(0)).content == b'{"count":0,"end":true}\n'


def test_only_the_namespaces_own_job_gets_in(gateway: GatewayProcess, kube: KubeApi, tenant: str) -> None:
    for nobody in ("", "x.y.z", TOKEN, token(kube, audience="elsewhere")):
        assert ask(gateway, nobody, question()).status_code == 401
    assert ask(gateway, token(kube, "somebody"), question()).status_code == 403
    bearer = token(kube)
    assert {ask(gateway, bearer, question(), name).status_code for name in ("other", "no-such")} == {403}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (question(SENT + 1), f"asOfSequence: a whole number from 0 to {SENT}"),
        (b"", "Invalid JSON"),
        (b'{"searches":[{}],"asOfSequence":-1}', "asOfSequence"),
        (b'{"searches":[],"asOfSequence":1}', "searches"),
        (b'{"searches":[{"class":"x"}],"asOfSequence":1}', "searches.0.class: Extra inputs"),
        (b'{"searches":[{}]}', "asOfSequence: Field required"),
    ],
    ids=["future", "nothing", "negative", "no searches", "unknown filter", "as of when"],
)
def test_a_wrong_question_is_refused_by_name(
    gateway: GatewayProcess, kube: KubeApi, tenant: str, body: bytes, says: str
) -> None:
    answer = ask(gateway, token(kube), body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]


def test_the_operator_sees_how_far_each_namespace_is(gateway: GatewayProcess) -> None:
    url = f"{gateway.internal_url}/internal/vision"
    answer = gateway.http.get(url, headers={"Authorization": f"Bearer {TOKEN}"})
    counts = VisionCounts.from_json(answer.content).counts
    assert [(one.namespace, one.sequence) for one in counts] == [("acme", SENT), ("other", SENT)]
    assert gateway.http.get(url, headers={"Authorization": "Bearer wrong"}).status_code == 401


async def test_a_store_without_any_file_is_told_apart_from_an_empty_one(vision: PostgresVision, tmp_path: Path) -> None:
    assert await vision.newest("acme") is None
    await fill(vision, 4, count=8)
    assert await vision.newest("acme") == 16
