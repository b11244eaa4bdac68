"""Counts for the operator, annotations for a tenant's own Jobs: a real gateway, PostgreSQL, S3 and API server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from capforge_contracts.submissions import AnnotationCounts, Submission
from capforge_gateway.documents.ports import Owner
from tests.integration.gateway.process import TOKEN, GatewayProcess, gateway_process
from tests.integration.gateway.storage.conftest import open_documents
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually
from tests.support.labelled import labels, new_document
from tests.support.objectstore import S3Server
from tests.support.postgres import Postgres

AUDIENCE = "capforge-gateway"


@pytest.fixture(scope="module")
def tenants(kube: KubeApi) -> list[str]:
    """Two namespaces with the Jobs' ServiceAccount and another one."""
    names = [kube.create_namespace("tenant") for _ in range(2)]
    for name in names:
        for account in ("capforge-job", "somebody"):
            kube.kubectl("create", "serviceaccount", account, "-n", name)
    return names


@pytest.fixture(scope="module")
def reviewer(kube: KubeApi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The token of a gateway that may do nothing but ask whose token it is."""
    system = kube.create_namespace("system")
    kube.kubectl("create", "serviceaccount", "capforge-gateway", "-n", system)
    role = f"reviewer-{system}"
    kube.kubectl("create", "clusterrole", role, "--verb=create", "--resource=tokenreviews.authentication.k8s.io")
    account = f"--serviceaccount={system}:capforge-gateway"
    kube.kubectl("create", "clusterrolebinding", role, f"--clusterrole={role}", account)
    file = tmp_path_factory.mktemp("reviewer") / "token"
    file.write_text(kube.kubectl("create", "token", "capforge-gateway", "-n", system))
    return file


@pytest.fixture(scope="module")
def address(postgres: Postgres, template: str) -> str:
    return postgres.url(postgres.create_database(template))


@pytest.fixture(scope="module")
def gateway(
    kube: KubeApi, reviewer: Path, address: str, s3: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    settings = {
        "DATABASE_URL": address,
        "KUBERNETES_URL": kube.url,
        "KUBERNETES_TOKEN_FILE": str(reviewer),
        "KUBERNETES_CA_FILE": str(kube.certificate_authority),
    }
    with gateway_process(tmp_path_factory.mktemp("gateway"), settings, plain=s3.environment) as process:
        yield process


@pytest.fixture(scope="module")
def said(address: str, tenants: list[str]) -> list[Submission]:
    """Sixty annotations of the first tenant, by content; one of the second."""

    async def annotate() -> list[Submission]:
        async with open_documents(address) as documents:
            for number in range(60):
                await annotate_one(documents, Owner(tenants[0], "receipts"), str(number))
            await annotate_one(documents, Owner(tenants[1], "letters"), "x")
            return [one async for one in documents.current(Owner(tenants[0], "receipts"), 60)]

    return asyncio.run(annotate())


async def annotate_one(documents: Any, owner: Owner, content: str) -> None:
    kept = await documents.keep(owner, new_document(content))
    await documents.submit(owner, kept.id, labels(), "me", replace=False)


def token(kube: KubeApi, namespace: str, account: str = "capforge-job", audience: str = AUDIENCE) -> str:
    return kube.kubectl("create", "token", account, "-n", namespace, f"--audience={audience}").strip()


def ask(
    gateway: GatewayProcess, namespace: str, bearer: str, query: str = "", name: str = "receipts"
) -> httpx.Response:
    url = f"{gateway.internal_url}/internal/submissions/{namespace}/{name}{query}"
    return gateway.http.get(url, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})


def test_the_operator_sees_how_far_each_capability_is(
    gateway: GatewayProcess, said: list[Submission], tenants: list[str]
) -> None:
    answer = gateway.http.get(
        f"{gateway.internal_url}/internal/annotations", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    counts = AnnotationCounts.from_json(answer.content).counts
    found = {(one.namespace, one.capability): (one.documents, one.sequence) for one in counts}
    assert found == {(tenants[0], "receipts"): (60, 60), (tenants[1], "letters"): (1, 1)}
    for wrong in ("", "Bearer wrong", f"Basic {TOKEN}"):
        refused = gateway.http.get(f"{gateway.internal_url}/internal/annotations", headers={"Authorization": wrong})
        assert refused.status_code == 401


def test_a_tenants_job_reads_its_annotations_and_the_last_line_counts_them(
    gateway: GatewayProcess, kube: KubeApi, said: list[Submission], tenants: list[str]
) -> None:
    bearer = token(kube, tenants[0])
    for query in ("", "?asOf=60"):
        answer = ask(gateway, tenants[0], bearer, query)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-ndjson"
        *lines, last = answer.content.splitlines()
        assert [Submission.from_json(line) for line in lines] == said
        assert json.loads(last) == {"end": True, "count": 60}
    early = ask(gateway, tenants[0], bearer, "?asOf=7").content.splitlines()
    assert {json.loads(line)["sequence"] for line in early[:-1]} == set(range(1, 8))
    assert json.loads(early[-1]) == {"end": True, "count": 7}
    assert ask(gateway, tenants[0], bearer, "?asOf=0").content == b'{"count":0,"end":true}\n'


@pytest.mark.parametrize("as_of", ["61", "-1", "1.5", "", "x", "9" * 40, "%D9%A1", "1%00"])
def test_a_prefix_that_is_none_is_refused_by_name(
    gateway: GatewayProcess, kube: KubeApi, said: list[Submission], tenants: list[str], as_of: str
) -> None:
    answer = ask(gateway, tenants[0], token(kube, tenants[0]), f"?asOf={as_of}")
    assert answer.status_code == 400
    assert answer.json() == {"error": "asOf: a whole number from 0 to 60, the newest submission's"}


def test_only_the_namespaces_own_job_gets_in(
    gateway: GatewayProcess, kube: KubeApi, said: list[Submission], tenants: list[str]
) -> None:
    mine, other = tenants
    for nobody in ("", "x.y.z", "x" * 20_000, TOKEN, token(kube, mine, audience="elsewhere")):
        assert ask(gateway, mine, nobody).status_code == 401
    plain = kube.kubectl("create", "token", "capforge-job", "-n", mine).strip()
    assert ask(gateway, mine, plain).status_code == 401
    for stranger in (token(kube, other), token(kube, mine, "somebody")):
        assert ask(gateway, mine, stranger).status_code == 403


def test_nothing_tells_what_other_tenants_have(
    gateway: GatewayProcess, kube: KubeApi, said: list[Submission], tenants: list[str]
) -> None:
    mine, other = tenants
    bearer = token(kube, mine)
    there, not_there = ask(gateway, other, bearer, name="letters"), ask(gateway, other, bearer, name="no-such")
    nowhere = ask(gateway, "no-such", bearer)
    assert {there.status_code, not_there.status_code, nowhere.status_code} == {403}
    assert there.text == not_there.text == nowhere.text.replace("no-such", other)
    unknown = ask(gateway, mine, bearer, name="letters")
    assert unknown.status_code == 404
    assert other not in unknown.text


def test_a_gateway_without_storage_says_why(tmp_path: Path) -> None:
    with gateway_process(tmp_path / "gateway") as gateway:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = gateway.http.get(f"{gateway.internal_url}/internal/annotations", headers=headers)
        assert answer.status_code == 503
        assert "CAPFORGE_DATABASE_URL" in answer.json()["error"]
        assert ask(gateway, "acme", "x").status_code == 503


def test_storage_is_seen_in_the_metrics(gateway: GatewayProcess, said: list[Submission]) -> None:
    for part in ("database", "objectStore"):
        eventually(lambda part=part: gateway.metric(f'capforge_storage_up{{part="{part}"}}') == 1)  # type: ignore[misc]
    eventually(lambda: gateway.metric("capforge_storage_connections_in_use") == 0)  # it looks after them by itself
    eventually(lambda: gateway.metric('capforge_storage_transaction_seconds_count{what="ping"}') > 0)
