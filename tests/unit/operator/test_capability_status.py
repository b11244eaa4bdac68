"""The status of a capability in every standing that it can have."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from capforge_contracts.serving import LoadState
from capforge_operator.api.capability import Capability
from capforge_operator.api.capability_status import (
    CapabilityStatus,
)
from capforge_operator.domain.capability_status import CapabilityFacts, capability_status
from capforge_operator.domain.desired import Proofs
from capforge_operator.domain.ledger import Entry, Ledger
from capforge_operator.domain.pool import PodView, Pool
from capforge_operator.domain.serving_plan import ServedCapability, ServingFacts, ServingPlan, plan
from tests.unit.operator.serving_world import capability, failed, pod, published, releases

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
READY, FAILED, PULLING = LoadState.READY, LoadState.FAILED, LoadState.PULLING


@dataclass(frozen=True)
class World:
    """What exists; the routes are what the planner makes of it."""

    versions: tuple[int, ...] = ()
    pods: tuple[PodView, ...] = ()
    routed_with: tuple[PodView, ...] = ()
    """The pods at the time of an earlier visit, with all versions but the newest."""
    spec: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    failures: tuple[Entry, ...] = ()
    lost: tuple[str, ...] = ()
    """Versions above the newest of `versions` whose card is gone."""
    before: CapabilityStatus = field(default_factory=CapabilityStatus)


def _plan(world: World, versions: tuple[int, ...], pods: tuple[PodView, ...], after: ServingPlan | None) -> ServingPlan:
    found = releases(*versions)
    served = ServedCapability(_capability(world), Ledger.of([one.published for one in found]), tuple(found))
    routes = after.routes if after else None
    return plan(ServingFacts("cpu", Pool.of(pods), (served,), None, Proofs(), routes), NOW)


def _capability(world: World) -> Capability:
    return capability(**world.spec).model_copy(update={"status": world.before})


def status_of(world: World, now: datetime = NOW) -> CapabilityStatus:
    earlier = _plan(world, world.versions[:-1], world.routed_with, None) if world.routed_with else None
    (routed,) = _plan(world, world.versions, world.pods, earlier).routes.capabilities
    wanted = world.spec.get("rollout", {}).get("pinnedVersion")
    found = releases(*world.versions)
    target = next((one for one in found if wanted in {None, one.version}), None)
    return capability_status(
        CapabilityFacts(
            capability=_capability(world),
            missing=world.missing,
            ledger=Ledger.of([*(published(minor) for minor in world.versions), *world.failures]),
            target=target,
            target_view=Pool.of(world.pods).view(target.model) if target else None,
            routed=routed,
            active_runs=world.active,
            lost=world.lost,
            base_url="http://gateway",
        ),
        now,
    )


def said(status: CapabilityStatus) -> dict[str, str]:
    return {one.type: f"{one.status.value} {one.reason}" for one in status.conditions}


PINNED = {"rollout": {"pinnedVersion": "1.1"}}
CASES: dict[str, tuple[World, str, str, str, str, str]] = {
    "nothing yet": (
        World(),
        "True AwaitingModel",
        "False NoModel",
        "False Passed",
        "False Converged",
        "False Converging",
    ),
    "the namespace is not prepared": (
        World(missing=("Secret capforge-object-store",)),
        "False NamespaceNotPrepared",
        "False NoModel",
        "Unknown NamespaceNotPrepared",
        "False Converged",
        "True NamespaceNotPrepared",
    ),
    "pinned to a version that is not there": (
        World((1,), (pod("a", ready={1: READY}),), spec={"rollout": {"pinnedVersion": "1.7"}}),
        "False InvalidSpec",
        "True Serving",
        "Unknown InvalidSpec",
        "False Converged",
        "True InvalidSpec",
    ),
    "the first version is being loaded": (
        World((1,), (pod("a", ready={1: PULLING}),)),
        "False Loading",
        "False Loading",
        "Unknown Loading",
        "True Loading",
        "False Converging",
    ),
    "there is no serving pod": (
        World((1,)),
        "False ServingUnavailable",
        "False Loading",
        "Unknown Loading",
        "True Loading",
        "False Converging",
    ),
    "the first version does not load": (
        World((1,), (pod("a", ready={1: FAILED}),)),
        "False ServingUnavailable",
        "False LoadFailed",
        "True LoadFailed",
        "True Loading",
        "True LoadFailed",
    ),
    "serving": (
        World((1,), (pod("a", ready={1: READY}),)),
        "True Serving",
        "True Serving",
        "False Passed",
        "False Converged",
        "False Converging",
    ),
    "serving, the next one is being loaded": (
        World((1, 2), (pod("a", ready={1: READY, 2: PULLING}),), routed_with=(pod("a", ready={1: READY}),)),
        "True Serving",
        "True Serving",
        "Unknown Loading",
        "True Loading",
        "False Converging",
    ),
    "serving, the next one does not load": (
        World((1, 2), (pod("a", ready={1: READY, 2: FAILED}),), routed_with=(pod("a", ready={1: READY}),)),
        "True Serving",
        "True Serving",
        "True LoadFailed",
        "False LoadFailed",
        "False Converging",
    ),
    "pinned to the old one": (
        World((1, 2), (pod("a", ready={1: READY, 2: READY}),), spec=PINNED),
        "True Serving",
        "True Serving",
        "True Pinned",
        "False Converged",
        "False Converging",
    ),
    "the newest one's card is gone": (
        World((1,), (pod("a", ready={1: READY}),), lost=("1.2",)),
        "True Serving",
        "True Serving",
        "True ArtifactsMissing",
        "False Converged",
        "False Converging",
    ),
    "the only one's card is gone": (
        World(lost=("1.1",)),
        "True AwaitingModel",
        "False NoModel",
        "True ArtifactsMissing",
        "False Converged",
        "False Converging",
    ),
    "all pods are away": (
        World((1, 2), (), routed_with=(pod("a", ready={1: READY}),)),
        "False ServingUnavailable",
        "False Loading",
        "Unknown Loading",
        "True Loading",
        "False Converging",
    ),
}


@pytest.mark.parametrize(
    ("world", "ready", "serving", "blocked", "reconciling", "stalled"),
    [pytest.param(*case, id=name) for name, case in CASES.items()],
)
def test_conditions(world: World, ready: str, serving: str, blocked: str, reconciling: str, stalled: str):
    assert said(status_of(world)) == {
        "Ready": ready,
        "ModelServing": serving,
        "RolloutBlocked": blocked,
        "Reconciling": reconciling,
        "Stalled": stalled,
    }


@pytest.mark.parametrize("world", [pytest.param(case[0], id=name) for name, case in CASES.items()])
def test_a_later_look_at_the_same_world_changes_nothing(world: World):
    first = status_of(world)
    again = status_of(World(**{**vars(world), "before": first}), LATER)
    assert again == first


@pytest.mark.parametrize("world", [pytest.param(case[0], id=name) for name, case in CASES.items()])
def test_messages_hold_no_times_and_are_sentences(world: World):
    for condition in status_of(world).conditions:
        assert "2026" not in condition.message
        assert condition.message
        assert "None" not in condition.message


def test_active_and_target_version_are_told_apart():
    status = status_of(
        World((1, 2), (pod("a", ready={1: READY, 2: FAILED}),), routed_with=(pod("a", ready={1: READY}),))
    )
    assert (status.version, status.target_version) == ("1.1", "1.2")
    assert [(one.version, one.percent, one.ready_replicas) for one in status.traffic] == [("1.1", 100, 1)]
    assert status.last_failure is not None
    assert (status.last_failure.reason, status.last_failure.version) == ("LoadFailed", "1.2")
    assert status.last_failure.message == "LoadFailed: bad graph"


def test_a_load_that_is_tried_again_has_not_recovered_yet():
    routed = (pod("a", ready={1: READY}),)
    broken = status_of(World((1, 2), (pod("a", ready={1: READY, 2: FAILED}),), routed_with=routed))
    trying = status_of(
        World((1, 2), (pod("a", ready={1: READY, 2: PULLING}),), routed_with=routed, before=broken), LATER
    )
    assert (trying.last_failure, said(trying)) == (broken.last_failure, said(broken))
    works = status_of(World((1, 2), (pod("a", ready={1: READY, 2: READY}),), routed_with=routed, before=trying), LATER)
    assert (works.last_failure, works.version) == (None, "1.2")


def test_without_a_model_the_version_is_1_0():
    status = status_of(World())
    assert (status.version, status.target_version, status.last_trained_time) == ("1.0", "1.0", None)


@pytest.mark.parametrize("pinned", ["1.2", "1.7"])
def test_pinned_to_a_version_that_is_not_there_it_stays_where_it_is(pinned: str):
    serving = (pod("a", ready={1: READY}),)
    status = status_of(World((1,), serving, routed_with=serving, spec={"rollout": {"pinnedVersion": pinned}}))
    assert (status.version, status.target_version) == ("1.1", "1.1")
    ready = next(one for one in status.conditions if one.type == "Ready")
    assert (ready.reason, ready.message) == (
        "InvalidSpec",
        f"rollout.pinnedVersion {pinned} does not exist; published versions: 1.1.",
    )


def test_the_address_and_interface_are_told_from_the_first_visit():
    status = status_of(World())
    assert status.url == "http://gateway/v1/products/team-a/cells/v1/predict"
    assert status.interface is not None
    assert (status.interface.inputs, status.interface.outputs) == (["image"], ["entities"])


def test_active_runs_are_named_while_there_is_no_model():
    ready = status_of(World(active=("cells-1", "cells-2"))).conditions[0]
    assert ready.message == "No model yet; active training runs: cells-1, cells-2."


def test_a_failed_run_is_told_until_a_newer_version():
    later = status_of(World((1,), failures=(failed(2),)))
    assert later.last_failure is not None
    assert (later.last_failure.reason, later.last_failure.run) == ("OutOfMemory", "cells-x")
    assert status_of(World((1, 3), failures=(failed(2),))).last_failure is None


def test_history_is_capped_newest_first():
    many = tuple(range(1, 14))
    status = status_of(World(many))
    assert [one.version for one in status.history] == [f"1.{minor}" for minor in range(13, 3, -1)]
    assert status.version_count == 13
    assert status.last_trained_time == "2026-01-13T00:00:00Z"
    few = status_of(World(many, spec={"rollout": {"revisionHistoryLimit": 2}}))
    assert [one.version for one in few.history] == ["1.13", "1.12"]


def test_what_is_missing_and_what_to_do_is_said():
    stalled = status_of(World(missing=("Secret capforge-object-store", "ServiceAccount capforge-job"))).conditions[0]
    assert stalled.message == (
        "The namespace lacks Secret capforge-object-store, ServiceAccount capforge-job; "
        "install the chart capforge-tenant in it."
    )
