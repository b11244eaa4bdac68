"""Everything that can be killed is killed, at each stage between data and prediction; all comes out as if nothing had been.

The tests are one story and run in this order. The same data, trained undisturbed in another namespace (`product`), says
what the digests must be.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from capforge.data import credentials
from capforge_contracts import layout
from capforge_contracts.ledger import read_entry
from capforge_contracts.run import Phase, Progress
from capforge_contracts.store import ObjectStore
from tests.e2e import manifests
from tests.e2e.product import NAME, SECONDS, Product
from tests.support.database import Database
from tests.support.e2e import Tenant
from tests.support.eventually import eventually
from tests.support.workloads import Workloads, local_layout

RUN = "disturbed"
WORD = "kept"
_EPOCHS = 150
_SYSTEM = ("operator", "gateway", "object-store", "serving")
_CONTAINERS = {"serving": ("triton", "agent"), "postgresql": ("postgresql",), "object-store": ("object-store",)}


@pytest.fixture(scope="module")
def disturbed(tenant: Tenant, product: Product, workloads: Workloads) -> Product:
    local_layout(workloads.system)
    return Product(tenant, product.cells)


@pytest.fixture(scope="module")
def jobs(disturbed: Product) -> Workloads:
    """The pods in the tenant's namespace."""
    return Workloads(disturbed.tenant.system, disturbed.tenant.namespace)


@pytest.fixture(scope="module")
def store(disturbed: Product, workloads: Workloads) -> Iterator[ObjectStore]:
    """The object store, with the system's own access. Its Service's address stays while its pod comes and goes."""
    access = credentials.from_secret(disturbed.tenant.system.cluster, workloads.namespace)
    assert access.bucket
    with credentials.opened(access, access.bucket) as opened:
        yield opened


@pytest.fixture(scope="module")
def database(workloads: Workloads) -> Database:
    return Database(workloads)


def strike(workloads: Workloads, *components: str) -> None:
    """Delete every pod of these components at once, as a lost machine would."""
    for component in components:
        workloads.delete_now(*workloads.pods(component))


def test_while_a_snapshot_is_taken(
    disturbed: Product, product: Product, workloads: Workloads, jobs: Workloads, database: Database
) -> None:
    eventually(lambda: database.keep(WORD), SECONDS, 1.0)
    disturbed.declare()
    struck = eventually(lambda: [one for one in jobs.pods("snapshot") if one.is_active], SECONDS, 0.1)
    jobs.delete_now(*struck)
    strike(workloads, *_SYSTEM)
    kill(workloads, "postgresql")
    assert disturbed.digests() == product.digests()


def test_while_a_model_is_trained(
    disturbed: Product, workloads: Workloads, jobs: Workloads, store: ObjectStore, database: Database
) -> None:
    disturbed.tenant.apply(manifests.tiny_run(RUN, epochs=_EPOCHS))
    first = until_phase(disturbed, store, 1, Phase.TRAINING)
    trainer = next(one for one in jobs.pods("trainer") if one.is_active)
    eventually(lambda: checkpoints(disturbed, store, 1), SECONDS, 0.2)
    assert jobs.kill(trainer, "trainer")
    strike(workloads, *_SYSTEM)
    kill(workloads, "postgresql")
    second = until_phase(disturbed, store, 2, Phase.TRAINING)
    assert second.resumed_from_epoch, f"the second attempt began anew, the first one was at epoch {first.epoch}"
    assert eventually(database.kept, SECONDS, 1.0) == [WORD]


def test_when_the_job_itself_is_deleted(disturbed: Product, jobs: Workloads, store: ObjectStore) -> None:
    eventually(lambda: checkpoints(disturbed, store, 2), SECONDS, 0.2)
    before = [one.uid for one in jobs.pods("trainer")]
    disturbed.tenant.kubectl("delete", "jobs", "--all", "--wait=false")
    third = until_phase(disturbed, store, 3, Phase.TRAINING)
    assert third.resumed_from_epoch
    assert {one.uid for one in jobs.pods("trainer") if one.is_active}.isdisjoint(before)


def test_while_the_model_is_exported_and_evaluated(
    disturbed: Product, workloads: Workloads, jobs: Workloads, store: ObjectStore
) -> None:
    until_phase(disturbed, store, 3, Phase.EXPORTING, Phase.EVALUATING)
    strike(jobs, "trainer")
    strike(workloads, *_SYSTEM)
    found = disturbed.tenant.until("trainingrun", RUN, "Succeeded", "Completed", SECONDS)
    assert found["status"]["runDigest"] == digest(disturbed)


def test_while_the_model_is_published_and_loaded(disturbed: Product, workloads: Workloads) -> None:
    strike(workloads, "operator", "object-store")
    kill(workloads, "serving")
    strike(workloads, "gateway")
    assert disturbed.served(RUN) == "1.1"


def test_exactly_one_run_has_succeeded_with_one_version_and_one_model(disturbed: Product, store: ObjectStore) -> None:
    tenant = disturbed.tenant
    runs = json.loads(tenant.kubectl("get", "trainingruns", "--output=json"))["items"]
    assert [(one["metadata"]["name"], one["status"]["version"]) for one in runs] == [(RUN, "1.1")]
    keys = [one.key for one in store.list(f"{tenant.namespace}/")]
    entries = [key for key in keys if key.startswith(layout.ledger_prefix(tenant.namespace, NAME))]
    assert [read_entry(store.get(key)).kind for key in entries] == ["VersionPublished"]
    ends = layout.attempts_prefix(tenant.namespace, digest(disturbed))
    assert len([key for key in keys if key.startswith(ends) and key.endswith("/model-card.json")]) == 1
    assert layout.run_result(tenant.namespace, digest(disturbed)) in keys


def test_everything_that_serves_comes_back_and_answers_the_same(
    disturbed: Product, workloads: Workloads, store: ObjectStore, database: Database
) -> None:
    before = disturbed.answer()
    stored = {one.key for one in store.list(f"{disturbed.tenant.namespace}/")}
    workloads.kubectl("delete", "configmap", "capforge-desired-cpu", "capforge-routes")
    strike(workloads, *_SYSTEM)
    for component in _CONTAINERS:
        eventually(lambda name=component: kill(workloads, name), SECONDS, 0.5)  # type: ignore[misc]
    jobs_before = disturbed.tenant.names("jobs")
    assert eventually(disturbed.answer, SECONDS, 0.5) == before
    for component, count in (("operator", 1), ("gateway", 2), ("serving", 1), ("object-store", 1), ("postgresql", 1)):
        workloads.until_ready(component, count)
    assert {one.key for one in store.list(f"{disturbed.tenant.namespace}/")} == stored
    assert eventually(database.kept, SECONDS, 1.0) == [WORD]
    assert disturbed.tenant.names("jobs") == jobs_before
    for config_map in ("capforge-desired-cpu", "capforge-routes"):
        assert workloads.clients.get("configmap", config_map, workloads.namespace)


def test_the_finished_jobs_are_deleted_and_nothing_is_done_again(disturbed: Product, store: ObjectStore) -> None:
    tenant = disturbed.tenant
    attempts = attempt_numbers(disturbed, store)
    digests = disturbed.digests()
    tenant.kubectl("delete", "jobs", "--all", "--wait")
    tenant.kubectl("annotate", "trainingrun", RUN, "capforge.dev/e2e=look-again")
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 5:  # nothing is to happen: it is given the time to
        assert tenant.names("jobs") == []
        time.sleep(0.5)
    assert attempt_numbers(disturbed, store) == attempts
    assert disturbed.digests() == digests
    assert disturbed.version() == "1.1"


def kill(workloads: Workloads, component: str) -> bool:
    """Send KILL to the processes of a component's containers; tell whether one was there."""
    found = [one for one in workloads.pods(component) if one.is_active]
    hits = [workloads.kill(pod, name) for pod in found for name in _CONTAINERS[component]]
    return any(hits)


def until_phase(product: Product, store: ObjectStore, attempt: int, *phases: Phase) -> Progress:
    """Wait until an attempt has come to one of these phases, of which some last for seconds only."""
    run = eventually(lambda: digest(product), SECONDS, 0.2)
    key = layout.attempt_file(product.tenant.namespace, run, attempt, layout.PROGRESS)

    def reached() -> Progress:
        progress = Progress.from_json(store.get(key))
        assert progress.phase in phases, f"attempt {attempt} is {progress.phase} at epoch {progress.epoch}"
        return progress

    return eventually(reached, SECONDS, 0.2)


def digest(product: Product) -> str:
    """Return the run's digest."""
    return str(product.tenant.get("trainingrun", RUN)["status"]["runDigest"])


def checkpoints(product: Product, store: ObjectStore, attempt: int) -> list[str]:
    """Return the keys of an attempt's whole checkpoints."""
    prefix = layout.attempt_file(product.tenant.namespace, digest(product), attempt, layout.CHECKPOINTS)
    return [one.key for one in store.list(prefix) if one.key.endswith(".json")]


def attempt_numbers(product: Product, store: ObjectStore) -> set[str]:
    """Return the numbers of the attempts that were begun."""
    prefix = layout.attempts_prefix(product.tenant.namespace, digest(product))
    return {one.key.removeprefix(prefix).partition("/")[0] for one in store.list(prefix)}
