"""Capability and serving pool on a real API server: from results to versions to routes, through every interruption."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.ledger import VersionPublished, read_entry
from capforge_contracts.serving import LoadState, RoutingTable
from capforge_contracts.store import ObjectInfo
from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target, connect
from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Conflict
from capforge_operator.resource_types import CAPABILITIES, CONFIG_MAPS
from tests.integration.operator.serving_cluster import ServingCluster, TwinAgent, delete
from tests.support.apiserver import KubeApi
from tests.unit.operator.serving_world import published, triton_name


@pytest.fixture(scope="module", autouse=True)
def crds(kube: KubeApi) -> None:
    kube.apply_crds()


@pytest.fixture
async def api(kube: KubeApi) -> AsyncIterator[KubernetesApi]:
    connection = await connect(kube.kubeconfig)
    yield connection
    await connection.close()


@pytest.fixture
async def cluster(kube: KubeApi, api: KubernetesApi) -> AsyncIterator[ServingCluster]:
    made = ServingCluster(KubernetesResources(api), kube.create_namespace("tenant"), kube.create_namespace("release"))
    made.pods.agents["a"] = TwinAgent()
    made.pods.tables["gateway"] = RoutingTable(generation=0)
    yield made
    for one in await made.resources.list(CAPABILITIES, made.tenant):  # the pool serves all namespaces
        await delete(api, made, one["metadata"]["name"])


async def test_a_capability_without_runs_awaits_a_model(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.visit()
    assert (await cluster.reasons())["Ready"] == "True AwaitingModel"
    status = await cluster.status()
    assert (status["version"], status["url"]) == (
        "1.0",
        f"http://gateway/v1/products/{cluster.tenant}/cells/v1/predict",
    )
    routed = cluster.routed()
    assert routed is not None
    assert routed.reason.startswith("There is no model yet")


async def test_a_result_becomes_version_1_1_and_answers(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    entry = read_entry(cluster.store.twin.get(layout.ledger_entry(cluster.tenant, "cells", 1)))
    assert isinstance(entry, VersionPublished)
    assert (entry.version, entry.run) == ("1.1", "cells-1")
    assert cluster.pods.agents["a"].models == {triton_name(1): LoadState.READY}
    status = await cluster.status()
    assert (status["version"], status["targetVersion"]) == ("1.1", "1.1")
    assert status["traffic"] == [{"version": "1.1", "percent": 100, "readyReplicas": 1}]
    assert (await cluster.reasons())["Ready"] == "True Serving"
    assert [event.reason for event in cluster.ringing.events] == ["VersionPublished", "Loading", "Serving"]


async def test_whoever_is_rung_to_tell_of_routes_finds_that_the_gateways_have_them(
    cluster: ServingCluster, monkeypatch: pytest.MonkeyPatch
):
    await cluster.apply_capability()
    ring, routed = cluster.ringing.ring, []

    def rung(*keys: Key) -> None:
        if Key(Kind.CAPABILITY, cluster.tenant, "cells") in keys:
            routed.append(cluster.routed() is not None)
        ring(*keys)

    monkeypatch.setattr(cluster.ringing, "ring", rung)
    await cluster.serving.reconcile(Key(Kind.SERVING, "", "cpu"))
    assert routed == [True]


async def test_a_manual_run_is_not_published(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1, deploy="Manual")
    await cluster.visit()
    assert cluster.ledger() == []


async def test_the_old_version_answers_until_the_new_one_is_ready(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    agent = cluster.pods.agents["a"]
    agent.holds.add("1.2")
    await cluster.finish_run("cells-2", 2)
    await cluster.visit()
    status = await cluster.status()
    assert (status["version"], status["targetVersion"]) == ("1.1", "1.2")
    assert agent.models == {triton_name(1): LoadState.READY, triton_name(2): LoadState.PULLING}
    agent.models[triton_name(2)] = LoadState.READY
    await cluster.settle()
    assert (await cluster.status())["version"] == "1.2"
    assert agent.models.keys() == {triton_name(1), triton_name(2)}


async def test_a_version_that_does_not_load_is_told_while_the_old_one_answers(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    cluster.pods.agents["a"].breaks.add("1.2")
    await cluster.finish_run("cells-2", 2)
    await cluster.visit()
    reasons = await cluster.reasons()
    assert (reasons["ModelServing"], reasons["RolloutBlocked"]) == ("True Serving", "True LoadFailed")
    failure = (await cluster.status())["lastFailure"]
    assert (failure["version"], failure["message"]) == ("1.2", "LoadFailed: bad graph")
    assert [event.message for event in cluster.ringing.events if event.warning][
        -1
    ] == "Version 1.2: LoadFailed: bad graph"


async def test_only_the_proven_champion_is_required(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    cluster.pods.agents["a"].breaks.add("1.2")
    await cluster.finish_run("cells-2", 2)
    await cluster.visit()
    assert cluster.pods.agents["a"].required == {"1.1"}


async def test_a_capability_made_anew_continues_at_the_next_version(cluster: ServingCluster, api: KubernetesApi):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    await delete(api, cluster)
    await cluster.visit()
    assert cluster.routed() is None
    assert cluster.pods.agents["a"].models == {}
    await cluster.apply_capability()
    await cluster.visit()
    assert (await cluster.status())["version"] == "1.1"
    assert len(cluster.ledger()) == 1
    await cluster.finish_run("cells-2", 2)
    await cluster.visit()
    assert (await cluster.status())["version"] == "1.2"
    assert [one["version"] for one in (await cluster.status())["history"]] == ["1.2", "1.1"]


async def test_a_pinned_version_answers_and_the_newest_waits(cluster: ServingCluster):
    await cluster.apply_capability()
    for number in (1, 2, 3, 4):
        await cluster.finish_run(f"cells-{number}", number)
    await cluster.visit()
    assert (await cluster.status())["version"] == "1.4"
    await cluster.apply_capability(rollout={"pinnedVersion": "1.1"})
    await cluster.visit()
    assert (await cluster.status())["version"] == "1.1"
    assert (await cluster.reasons())["RolloutBlocked"] == "True Pinned"
    await cluster.apply_capability()
    await cluster.visit()
    assert (await cluster.status())["version"] == "1.4"


async def test_pinning_what_does_not_exist_is_told_and_changes_nothing(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    await cluster.apply_capability(rollout={"pinnedVersion": "1.9"})
    await cluster.visit()
    status = await cluster.status()
    assert status["version"] == "1.1"
    assert status["conditions"][0]["message"] == "rollout.pinnedVersion 1.9 does not exist; published versions: 1.1."


async def test_a_failed_run_is_remembered_after_it_is_gone(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.fail_run("cells-1", "OutOfMemory")
    await cluster.visit()
    failure = (await cluster.status())["lastFailure"]
    assert (failure["reason"], failure["run"]) == ("OutOfMemory", "cells-1")
    assert len(cluster.ledger()) == 1
    await cluster.visit()
    assert len(cluster.ledger()) == 1


async def test_an_unprepared_namespace_is_told_with_what_it_lacks(cluster: ServingCluster):
    cluster.ringing.lacks = ["Secret capforge-object-store"]
    await cluster.apply_capability()
    await cluster.visit()
    reasons = await cluster.reasons()
    assert (reasons["Ready"], reasons["Stalled"]) == ("False NamespaceNotPrepared", "True NamespaceNotPrepared")


async def test_at_rest_and_after_a_restart_nothing_is_written(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    before = (await cluster.status(), *await cluster.written())
    cluster.clock.advance(3600)
    cluster.restart()
    done = await cluster.visit()
    assert {one.did for one in done} == {"nothing"}
    assert (await cluster.status(), *await cluster.written()) == before


async def test_lost_config_maps_come_back_with_the_same_content_and_are_accepted(
    cluster: ServingCluster, api: KubernetesApi
):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    earlier = await cluster.table()
    for document in await cluster.written():
        assert document is not None
        await api.delete(Target(CONFIG_MAPS, cluster.release, document["metadata"]["name"]), {})
    await cluster.settle()
    assert (await cluster.table()).capabilities == earlier.capabilities
    assert cluster.pods.tables["gateway"] == await cluster.table()
    assert cluster.pods.agents["a"].models == {triton_name(1): LoadState.READY}


async def test_a_config_map_that_somebody_broke_is_made_anew(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.visit()
    _, routes = await cluster.written()
    assert routes is not None
    broken = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": routes["metadata"]["name"], "namespace": cluster.release},
    }
    await cluster.resources.apply(CONFIG_MAPS, {**broken, "data": {"routes.json": "{"}})
    await cluster.settle()
    assert (cluster.tenant, "cells") in {(one.namespace, one.name) for one in (await cluster.table()).capabilities}


async def test_a_new_pod_and_a_new_gateway_get_everything(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    cluster.pods.agents["bb"] = TwinAgent()
    cluster.pods.tables["other"] = RoutingTable(generation=0)
    await cluster.settle()
    routed = cluster.routed("other")
    assert routed is not None
    assert [one.pod for one in routed.versions[0].endpoints] == ["pod-a", "pod-bb"]
    assert (await cluster.status())["traffic"][0]["readyReplicas"] == 2


async def test_a_silent_agent_keeps_its_place_for_the_moment(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    cluster.pods.agents["a"].silent = True
    await cluster.settle()
    assert (await cluster.reasons())["Ready"] == "True Serving"


async def test_predictions_are_routed_while_the_object_store_is_down(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.visit()
    cluster.restart()
    cluster.store.down = True
    cluster.pods.agents["bb"] = TwinAgent()
    await cluster.settle()
    routed = cluster.routed()
    assert routed is not None
    assert (routed.current, [one.pod for one in routed.versions[0].endpoints]) == ("1.1", ["pod-a", "pod-bb"])


async def test_a_number_that_someone_else_took_is_not_taken_again(
    cluster: ServingCluster, monkeypatch: pytest.MonkeyPatch
):
    await cluster.apply_capability()
    await cluster.finish_run("cells-2", 2)
    before = cluster.store.list
    taken = layout.ledger_entry(cluster.tenant, "cells", 1)

    async def list_then_lose(prefix: str) -> list[ObjectInfo]:
        listed = await before(prefix)
        if not cluster.store.twin.exists(taken):
            cluster.store.twin.put_new(taken, published(1).to_json())
        return listed

    monkeypatch.setattr(cluster.store, "list", list_then_lose)
    key = Key(Kind.CAPABILITY, cluster.tenant, "cells")
    with pytest.raises(Conflict):
        await cluster.capability.reconcile(key)
    await cluster.capability.reconcile(key)
    versions = [read_entry(cluster.store.twin.get(key)) for key in cluster.ledger()]
    assert [(one.sequence, one.version, one.run) for one in versions if isinstance(one, VersionPublished)] == [
        (1, "1.1", "cells-1"),
        (2, "1.2", "cells-2"),
    ]


async def test_a_version_whose_files_are_gone_is_left_out(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.finish_run("cells-2", 2)
    await cluster.visit()
    cluster.store.twin.delete(layout.attempt_file(cluster.tenant, published(2).run_digest, 1, layout.CARD))
    cluster.restart()
    await cluster.visit()
    assert (await cluster.status())["version"] == "1.1"


async def test_equal_results_of_two_runs_are_one_version_and_both_are_told(cluster: ServingCluster):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.finish_run("cells-again", 1)
    cluster.ringing.ring(Key(Kind.CAPABILITY, cluster.tenant, "cells"))
    await cluster.capability.reconcile(Key(Kind.CAPABILITY, cluster.tenant, "cells"))
    assert len(cluster.ledger()) == 1
    rung = {key.name for key in cluster.ringing.keys if key.kind is Kind.TRAINING_RUN}
    assert rung == {"cells-1", "cells-again"}


WRITES = ("apply", "write_status", "put_new", "put_desired", "put_routes")


@dataclass
class Crash(Exception):  # noqa: N818 - what happens to the process
    """The operator's process ends here."""


class Fuse:
    """Ends the process at the n-th write, just before it or just after."""

    def __init__(self, cluster: ServingCluster, at: int, *, after: bool) -> None:
        self.left, self.after = at, after
        for owner in (cluster.resources, cluster.store, cluster.pods):
            for name in WRITES:
                if hasattr(owner, name):
                    setattr(owner, name, self._guarded(getattr(owner, name)))

    def _guarded(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def guarded(*arguments: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Crash
            answer = await call(*arguments)
            if self.left == 0:
                raise Crash
            return answer

        return guarded


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize("write", range(1, 9))
async def test_a_crash_at_any_write_is_repaired(cluster: ServingCluster, write: int, after: bool):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1)
    await cluster.finish_run("cells-2", 2)
    Fuse(cluster, write, after=after)
    with pytest.raises(Crash):
        await cluster.visit()
    cluster.restart()
    cluster.ringing.keys.clear()  # what had rung is lost with the process; everything is looked at once after a start
    await cluster.visit()
    assert len(cluster.ledger()) == 2
    status = await cluster.status()
    assert (status["version"], [one["version"] for one in status["history"]]) == ("1.2", ["1.2", "1.1"])
    assert (await cluster.reasons())["Ready"] == "True Serving"
    routed = cluster.routed()
    assert routed is not None
    assert routed.current == "1.2"
    assert cluster.pods.agents["a"].models.keys() == {triton_name(1), triton_name(2)}
