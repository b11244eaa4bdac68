"""Twin and real adapter mean the same: one test for both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from capforge_contracts.layout import most_bytes
from capforge_contracts.model import sha256_hex
from capforge_contracts.store import AlreadyExists, NotFound, TooLarge
from capforge_operator.adapters.jobs import KubernetesJobs
from capforge_operator.adapters.kubernetes_api import connect
from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.adapters.s3 import open_s3
from capforge_operator.adapters.store import ThreadedStore
from capforge_operator.ports import AlreadyThere, Conflict, JobOutcome, Jobs, Json, Resources, ResourceType, Store
from capforge_operator.resource_types import DATASETS, MODEL_TEMPLATES
from capforge_operator.runtime.threads import Threads
from tests.integration.operator.process import Installation
from tests.support.apiserver import KubeApi
from tests.support.clocks import HandClock
from tests.support.twins.jobs import MemoryJobs
from tests.support.twins.resources import MemoryResources
from tests.support.twins.world import MemoryStore
from tests.unit.operator.training_world import dataset, template

STATUS: Json = {"observedGeneration": 1}


@dataclass
class Side:
    """One implementation of the ports, and a person's hand on its objects."""

    resources: Resources
    jobs: Jobs
    store: Store
    namespace: str
    kube: KubeApi | None

    def put(self, document: Json) -> None:
        if "namespace" in document["metadata"]:
            document["metadata"]["namespace"] = self.namespace
        if self.kube is None:
            assert isinstance(self.resources, MemoryResources)
            self.resources.put(document)
        else:
            self.kube.apply(document)

    def remove(self, kind: ResourceType, name: str) -> None:
        if self.kube is None:
            assert isinstance(self.resources, MemoryResources)
            self.resources.remove(kind, self.namespace, name)
        else:
            self.kube.kubectl("delete", kind.plural, name, "-n", self.namespace)


@pytest.fixture(params=["twin", "real", "real, in threads"])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    if request.param == "twin":
        yield Side(MemoryResources(), MemoryJobs(HandClock()), MemoryStore(), "team-a", None)
        return
    installation: Installation = request.getfixturevalue("installation")
    namespace: str = request.getfixturevalue("tenant")
    api = await connect(installation.kubeconfig)
    threads = Threads(2, 30)
    lean = open_s3(installation.s3.environment)
    store: Store = ThreadedStore(installation.s3.store(), threads) if "threads" in request.param else lean
    yield Side(KubernetesResources(api), KubernetesJobs(api), store, namespace, installation.kube)
    threads.close()
    await api.close()


async def read(side: Side, name: str = "cells") -> Json:
    found = await side.resources.get(DATASETS, side.namespace, name)
    assert found is not None
    return found


class TestResources:
    async def test_what_is_not_there_is_none(self, side: Side):
        assert await side.resources.get(DATASETS, side.namespace, "nowhere") is None
        assert await side.resources.list(DATASETS, side.namespace) == []

    async def test_objects_have_identity_and_no_managed_fields(self, side: Side):
        side.put(dataset())
        metadata = (await read(side))["metadata"]
        assert metadata["uid"]
        assert metadata["resourceVersion"]
        assert metadata["generation"] == 1
        assert "managedFields" not in metadata

    async def test_a_listing_is_sorted_and_of_one_namespace(self, side: Side):
        for name in ("b", "a"):
            side.put(dataset(name))
        found = await side.resources.list(DATASETS, side.namespace)
        assert [one["metadata"]["name"] for one in found] == ["a", "b"]
        assert all("managedFields" not in one["metadata"] for one in found)

    async def test_identities_are_those_of_the_objects(self, side: Side):
        side.put(dataset())
        metadata = (await read(side))["metadata"]
        found = [one for one in await side.resources.identities(DATASETS) if one.namespace == side.namespace]
        assert [(one.name, one.uid, one.version) for one in found] == [
            ("cells", metadata["uid"], metadata["resourceVersion"])
        ]

    async def test_a_listing_knows_its_kinds(self, side: Side):
        side.put(dataset())
        assert [one["kind"] for one in await side.resources.list(DATASETS, side.namespace)] == ["Dataset"]

    async def test_a_status_is_written_once(self, side: Side):
        side.put(dataset())
        assert await side.resources.write_status(DATASETS, await read(side), STATUS)
        written = await read(side)
        assert written["status"] == STATUS
        assert not await side.resources.write_status(DATASETS, written, STATUS)
        assert (await read(side))["metadata"]["resourceVersion"] == written["metadata"]["resourceVersion"]

    async def test_a_status_replaces_the_one_before(self, side: Side):
        side.put(dataset())
        await side.resources.write_status(DATASETS, await read(side), {"observedGeneration": 1, "items": 3})
        await side.resources.write_status(DATASETS, await read(side), {"observedGeneration": 1})
        assert (await read(side))["status"] == {"observedGeneration": 1}

    async def test_a_status_does_not_touch_the_spec(self, side: Side):
        side.put(dataset())
        before = await read(side)
        await side.resources.write_status(DATASETS, {**before, "spec": {}}, STATUS)
        after = await read(side)
        assert after["spec"] == before["spec"]
        assert after["metadata"]["generation"] == 1

    async def test_a_status_for_an_object_that_changed_conflicts(self, side: Side):
        side.put(dataset())
        before = await read(side)
        side.put(dataset(onFault="Skip"))
        with pytest.raises(Conflict):
            await side.resources.write_status(DATASETS, before, STATUS)

    async def test_a_status_for_an_object_that_is_gone_conflicts(self, side: Side):
        side.put(dataset())
        before = await read(side)
        side.remove(DATASETS, "cells")
        with pytest.raises(Conflict):
            await side.resources.write_status(DATASETS, before, STATUS)

    async def test_a_changed_spec_is_a_new_generation(self, side: Side):
        side.put(dataset())
        side.put(dataset(onFault="Skip"))
        assert (await read(side))["metadata"]["generation"] == 2

    async def test_applying_creates_then_changes_then_does_nothing(self, side: Side):
        name = f"contract-{side.namespace}"
        first = await side.resources.apply(MODEL_TEMPLATES, template(name))
        changed = await side.resources.apply(MODEL_TEMPLATES, template(name, description="new"))
        again = await side.resources.apply(MODEL_TEMPLATES, template(name, description="new"))
        assert changed["metadata"]["uid"] == first["metadata"]["uid"]
        assert changed["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
        assert again["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]

    async def test_what_is_created_is_owned_and_creating_again_returns_it(self, side: Side):
        made = await side.resources.create(DATASETS, owned(side))
        again = await side.resources.create(DATASETS, owned(side, onFault="Skip"))
        assert again["metadata"]["uid"] == made["metadata"]["uid"]
        assert (await read(side))["spec"]["onFault"] == "Reject"
        assert "managedFields" not in made["metadata"]

    async def test_creating_over_somebody_elses_object_is_refused(self, side: Side):
        side.put(dataset())
        with pytest.raises(AlreadyThere):
            await side.resources.create(DATASETS, owned(side))


def owned(side: Side, **spec: Any) -> Json:
    document = dataset(**spec)
    owner = {
        "apiVersion": "capforge.dev/v1alpha1",
        "kind": "Capability",
        "name": "cells",
        "uid": "1",
        "controller": True,
    }
    document["metadata"] |= {"namespace": side.namespace, "ownerReferences": [owner]}
    return document


def job(
    side: Side, owner_uid: str = "11111111-1111-1111-1111-111111111111", *, suspend: bool = False
) -> dict[str, Any]:
    owner = {"apiVersion": "capforge.dev/v1alpha1", "kind": "Dataset", "name": "cells", "uid": owner_uid}
    container = {"name": "c", "image": "i"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "work",
            "namespace": side.namespace,
            "labels": {"a": "b"},
            "annotations": {"c": "d"},
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {"suspend": suspend, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }


class TestJobs:
    async def test_a_job_that_is_not_there_is_none(self, side: Side):
        assert await side.jobs.get(side.namespace, "work") is None

    async def test_a_created_job_is_active_and_knows_its_owner(self, side: Side):
        made = await side.jobs.create(job(side))
        found = await side.jobs.get(side.namespace, "work")
        assert found == made
        assert (made.outcome, made.suspended, made.deleting) == (JobOutcome.ACTIVE, False, False)
        assert made.owner_uid == "11111111-1111-1111-1111-111111111111"
        assert made.labels["a"] == "b"
        assert made.annotations["c"] == "d"
        assert made.created is not None

    async def test_creating_again_for_the_same_owner_returns_what_is_there(self, side: Side):
        made = await side.jobs.create(job(side))
        assert (await side.jobs.create(job(side, suspend=True))).uid == made.uid

    async def test_creating_for_another_owner_is_refused(self, side: Side):
        await side.jobs.create(job(side))
        with pytest.raises(AlreadyThere):
            await side.jobs.create(job(side, "22222222-2222-2222-2222-222222222222"))

    async def test_a_job_is_held_and_continued(self, side: Side):
        made = await side.jobs.create(job(side))
        await side.jobs.set_suspended(made, suspended=True)
        held = await side.jobs.get(side.namespace, "work")
        assert held is not None
        assert (held.outcome, held.suspended) == (JobOutcome.SUSPENDED, True)
        await side.jobs.set_suspended(made, suspended=False)
        going = await side.jobs.get(side.namespace, "work")
        assert going is not None
        assert going.outcome is JobOutcome.ACTIVE

    async def test_another_job_of_the_name_is_left_alone(self, side: Side):
        made = await side.jobs.create(job(side))
        other = replace(made, uid="33333333-3333-3333-3333-333333333333")
        with pytest.raises(Conflict):
            await side.jobs.set_suspended(other, suspended=True)
        await side.jobs.delete(other)
        assert await side.jobs.get(side.namespace, "work") == made

    async def test_a_deleted_job_is_gone_and_deleting_again_is_fine(self, side: Side):
        made = await side.jobs.create(job(side))
        await side.jobs.delete(made)
        await side.jobs.delete(made)
        assert await side.jobs.get(side.namespace, "work") is None


class TestStore:
    async def test_what_is_not_there_is_said(self, side: Side):
        with pytest.raises(NotFound):
            await side.store.get(f"{side.namespace}/nothing")
        assert not await side.store.exists(f"{side.namespace}/nothing")

    async def test_only_the_first_new_write_counts(self, side: Side):
        key = f"{side.namespace}/once"
        await side.store.put_new(key, b"first")
        with pytest.raises(AlreadyExists):
            await side.store.put_new(key, b"second")
        assert await side.store.get(key) == b"first"
        assert await side.store.sha256(key, 5) == sha256_hex(b"first")
        assert await side.store.sha256(key, 4) is None
        with pytest.raises(NotFound):
            await side.store.sha256(f"{side.namespace}/nothing", 5)

    async def test_what_a_tenants_program_made_endless_is_not_taken_into_memory(self, side: Side):
        key = f"{side.namespace}/model-card.json"
        await side.store.put(key, b"0" * most_bytes(key))
        assert len(await side.store.get(key)) == most_bytes(key)
        await side.store.put(key, b"0" * (most_bytes(key) + 1))
        with pytest.raises(TooLarge, match="the most that is read of it"):
            await side.store.get(key)

    async def test_a_listing_is_in_key_order(self, side: Side):
        for name in ("b", "a"):
            await side.store.put(f"{side.namespace}/list/{name}", b"x")
        found = await side.store.list(f"{side.namespace}/list/")
        assert [one.key.rpartition("/")[2] for one in found] == ["a", "b"]
