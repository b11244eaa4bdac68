"""The operator's rights are exactly what its adapters need: nothing is missing, nothing is left over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from capforge_contracts.serving import DesiredModels, RoutingTable
from capforge_operator.adapters.events import KubernetesEvents
from capforge_operator.adapters.jobs import KubernetesJobs
from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target, connect
from capforge_operator.adapters.pods import KubernetesPods
from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.adapters.system_clock import SystemClock
from capforge_operator.adapters.tenants import KubernetesTenants
from capforge_operator.adapters.webhooks import KubernetesSigningKeys, UnusableKey
from capforge_operator.api.dataset import Dataset
from capforge_operator.children.config_maps import desired_manifest, routes_manifest
from capforge_operator.children.snapshot_job import snapshot_job
from capforge_operator.handlers import CHILDREN
from capforge_operator.ports import Event, Forbidden
from capforge_operator.rbac import PERMISSIONS, Scope
from capforge_operator.resource_types import (
    CAPABILITIES,
    CONFIG_MAPS,
    DATASETS,
    JOBS,
    MODEL_TEMPLATES,
    OUR_KINDS,
    PODS,
    SECRETS,
    TRAINING_RUNS,
)
from tests.integration.operator.process import Installation
from tests.unit.operator.training_world import SETTINGS, capability, dataset, run, template

APPLIED = (MODEL_TEMPLATES, CONFIG_MAPS)
Right = tuple[Scope, str, str, str, str]
"""Scope, group, resource, verb, name (empty: any)."""


@dataclass
class Recorder:
    """Remembers which right each call used."""

    installation: Installation
    rights: set[Right] = field(default_factory=set)

    def __call__(self, verb: str, target: Target) -> None:
        self._use(verb, target)
        if verb == "patch" and target.kind in APPLIED and not target.subresource:
            self._use("create", target)  # server-side apply of what is not there yet

    def _use(self, verb: str, target: Target) -> None:
        for permission in PERMISSIONS:
            same = (permission.group, permission.resource) == (target.kind.group, target.resource)
            if same and verb in permission.verbs and (not permission.names or target.name in permission.names):
                name = target.name if permission.names else ""
                self.rights.add((permission.scope, permission.group, permission.resource, verb, name))
                return
        pytest.fail(f"{verb} {target.resource} {target.name} is not in rbac.PERMISSIONS")


def listed_rights() -> set[Right]:
    return {
        (one.scope, one.group, one.resource, verb, name)
        for one in PERMISSIONS
        for verb in one.verbs
        for name in (one.names or ("",))
    }


def doorbell_rights() -> set[Right]:
    """What kopf needs to watch."""
    watched = (*OUR_KINDS, *CHILDREN)
    return {(Scope.CLUSTER, one.group, one.plural, verb, "") for one in watched for verb in ("list", "watch")}


@pytest.fixture
async def recorder(installation: Installation) -> Recorder:
    return Recorder(installation)


@pytest.fixture
async def api(installation: Installation, recorder: Recorder) -> AsyncIterator[KubernetesApi]:
    connection = await connect(installation.kubeconfig, recorder)
    yield connection
    await connection.close()


async def use_everything(api: KubernetesApi, installation: Installation, tenant: str) -> None:
    """Call every method of every adapter, on every kind that the controllers use it for."""
    kube, release = installation.kube, installation.namespace
    resources = KubernetesResources(api)
    documents = {CAPABILITIES: capability(), DATASETS: dataset(), TRAINING_RUNS: run()}
    for kind, document in documents.items():
        document["metadata"]["namespace"] = tenant
        kube.apply(document)
        live = await resources.get(kind, tenant, document["metadata"]["name"])
        assert live is not None
        await resources.list(kind)
        assert await resources.write_status(kind, live, {"observedGeneration": 1})
    for kind in (DATASETS, TRAINING_RUNS):
        document = documents[kind]
        await resources.create(kind, {**document, "metadata": {"name": "made", "namespace": tenant}})
    stored = await resources.apply(MODEL_TEMPLATES, template("rights"))
    await resources.list(MODEL_TEMPLATES)
    assert await resources.get(MODEL_TEMPLATES, "", "rights")
    assert await resources.write_status(MODEL_TEMPLATES, stored, {"observedGeneration": 1})
    for manifest in (
        desired_manifest(release, "cpu", DesiredModels(pool="cpu", generation=1).to_json(), "{}"),
        routes_manifest(release, RoutingTable(generation=1).to_json()),
    ):
        await resources.apply(CONFIG_MAPS, manifest)
        assert await resources.get(CONFIG_MAPS, release, manifest["metadata"]["name"])
    found = await resources.get(DATASETS, tenant, "cells")
    assert found is not None
    await use_jobs(api, Dataset.parse(found))
    await KubernetesPods(api).list(tenant, {"a": "b"})
    assert await KubernetesTenants(api).missing(tenant) == []
    with pytest.raises(UnusableKey):  # there is none in this tenant, and it may be asked for
        await KubernetesSigningKeys(api).read(tenant, "chat")
    events = KubernetesEvents(api, SystemClock(), "test")
    event = Event(found, "Tested", "by a test")
    await events.emit(event)
    await KubernetesEvents(api, SystemClock(), "restarted").emit(event)


async def use_jobs(api: KubernetesApi, owner: Dataset) -> None:
    jobs = KubernetesJobs(api)
    job = await jobs.create(snapshot_job(owner, "ab" * 32, SETTINGS))
    assert await jobs.get(job.namespace, job.name)
    await jobs.set_suspended(job, suspended=True)
    await jobs.delete(job)


async def test_every_adapter_works_and_uses_every_right(
    api: KubernetesApi, installation: Installation, recorder: Recorder, tenant: str
):
    await use_everything(api, installation, tenant)
    assert listed_rights() - recorder.rights - doorbell_rights() == set()
    told = installation.kube.get("events.events.k8s.io", "-n", tenant)["items"]
    assert [one["series"]["count"] for one in told if one["reason"] == "Tested"] == [2]


Deed = Callable[[KubernetesApi, str, str], Awaitable[Any]]
ELSEWHERE: dict[str, Deed] = {
    "another Secret of a tenant": lambda api, tenant, _: api.get(Target(SECRETS, tenant, "capforge-api-keys")),
    "a Secret of its own namespace": lambda api, _, release: api.get(Target(SECRETS, release, "capforge-internal")),
    "all Secrets": lambda api, tenant, _: api.list(Target(SECRETS, tenant), {}),
    "another ConfigMap": lambda api, _, release: api.get(Target(CONFIG_MAPS, release, "kube-root-ca.crt")),
    "a ConfigMap of a tenant": lambda api, tenant, _: api.apply(
        Target(CONFIG_MAPS, tenant, "capforge-routes"),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "capforge-routes"}},
    ),
    "a person's spec": lambda api, tenant, _: api.merge(Target(DATASETS, tenant, "cells"), {"spec": {}}),
    "a person's object": lambda api, tenant, _: api.delete(Target(DATASETS, tenant, "cells"), {}),
    "a pod": lambda api, tenant, _: api.delete(Target(PODS, tenant, "p"), {}),
    "a Job outside of tenants": lambda api, _, release: api.get(Target(JOBS, release, "j")),
}


@pytest.mark.parametrize("what", ELSEWHERE)
async def test_nothing_else_is_allowed(installation: Installation, tenant: str, what: str):
    connection = await connect(installation.kubeconfig)
    try:
        with pytest.raises(Forbidden):
            await ELSEWHERE[what](connection, tenant, installation.namespace)
    finally:
        await connection.close()
