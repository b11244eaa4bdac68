"""The two documents that follow from everything observed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from capforge_contracts.serving import DesiredModels, LoadState, RoutingTable
from capforge_operator.domain.desired import Proofs
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.pool import PodView, Pool
from capforge_operator.domain.serving import Release
from capforge_operator.domain.serving_plan import ServedCapability, ServingFacts, ServingPlan, is_settled, plan
from tests.unit.operator.serving_world import (
    capability,
    pod,
    published,
    release,
    releases,
    sha,
    silent_pod,
    triton_name,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
START = int(NOW.timestamp())
READY, FAILED, PULLING = LoadState.READY, LoadState.FAILED, LoadState.PULLING


def served(found: list[Release] | None, *, name: str = "cells", **spec: object) -> ServedCapability:
    ledger = Ledger.of([one.published for one in found or []])
    return ServedCapability(capability(name, **spec), ledger, None if found is None else tuple(found))


def facts(
    *capabilities: ServedCapability, pods: tuple[PodView, ...] = (), after: ServingPlan | None = None
) -> ServingFacts:
    return ServingFacts(
        pool_name="cpu",
        pool=Pool.of(pods),
        capabilities=capabilities,
        desired=after.desired if after else None,
        proofs=after.proofs if after else Proofs(),
        routes=after.routes if after else None,
    )


def wanted(decided: ServingPlan) -> dict[str, bool]:
    """Version → required."""
    return {one.version: one.required for one in decided.desired.models}


def only(decided: ServingPlan):
    (one,) = decided.routes.capabilities
    return one


def test_without_versions_the_gateway_is_told_why():
    decided = plan(facts(served([])), NOW)
    assert decided.desired.models == []
    assert only(decided).current is None
    assert only(decided).reason == "There is no model yet: make a TrainingRun for this capability."


def test_a_first_version_is_loaded_before_it_is_routed():
    first = plan(facts(served(releases(1)), pods=(pod("a"),)), NOW)
    assert wanted(first) == {"1.1": False}
    assert (only(first).current, only(first).reason) == (None, "Version 1.1 is being loaded.")
    then = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),), after=first), NOW)
    assert only(then).current == "1.1"
    assert [one.pod for one in only(then).versions[0].endpoints] == ["a"]


def test_the_champion_is_required_only_after_it_was_proven():
    first = plan(facts(served(releases(1)), pods=(pod("a"),)), NOW)
    assert wanted(first) == {"1.1": False}
    proven = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),), after=first), NOW)
    assert wanted(proven) == {"1.1": True}


def test_a_challenger_is_never_required():
    first = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),)), NOW)
    second = plan(facts(served(releases(1, 2)), pods=(pod("a", ready={1: READY, 2: PULLING}),), after=first), NOW)
    assert wanted(second) == {"1.1": True, "1.2": False}
    assert only(second).current == "1.1"


def test_a_version_that_does_not_load_leaves_the_old_one_answering():
    first = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),)), NOW)
    second = plan(facts(served(releases(1, 2)), pods=(pod("a", ready={1: READY, 2: FAILED}),), after=first), NOW)
    assert only(second).current == "1.1"
    assert [one.version for one in only(second).versions if one.endpoints] == ["1.1"]


def test_a_first_version_that_does_not_load_says_why():
    decided = plan(facts(served(releases(1)), pods=(pod("a", ready={1: FAILED}),)), NOW)
    assert only(decided).reason == "Version 1.1 could not be loaded: LoadFailed: bad graph"


def test_equal_facts_keep_both_generations():
    first = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),)), NOW)
    second = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),), after=first), NOW)
    again = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),), after=second), NOW)
    assert again == second


def test_a_change_moves_only_the_documents_that_it_changes():
    first = plan(facts(served([])), NOW)
    described = plan(facts(served([], description="Cells."), after=first), NOW)
    assert described.desired.generation == first.desired.generation
    assert described.routes.generation == first.routes.generation + 1


def test_generations_begin_above_everything_counted_before():
    decided = plan(facts(served(releases(1))), NOW)
    assert (decided.desired.generation, decided.routes.generation) == (START, START)


def test_agents_that_are_ahead_are_overtaken():
    ahead = pod("a", ready={1: READY}, generation=START + 500)
    first = plan(facts(served(releases(1)), pods=(ahead,)), NOW)
    assert first.desired.generation == START + 501
    restored = ServingPlan(DesiredModels(pool="cpu", generation=7), Proofs(), RoutingTable(generation=7))
    assert plan(facts(served(releases(1)), pods=(ahead,), after=restored), NOW).desired.generation == START + 501


def test_a_capability_that_goes_takes_its_models_and_routes_along():
    first = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),)), NOW)
    gone = plan(facts(pods=(pod("a", ready={1: READY}),), after=first), NOW)
    assert gone.desired.models == []
    assert gone.routes.capabilities == []


def test_what_cannot_be_read_stays_as_it_was_and_holds_nothing_up():
    both = (served(releases(1)), served([], name="other"))
    first = plan(facts(*both, pods=(pod("a", ready={1: READY}), pod("bb", ready={1: READY}))), NOW)
    unread = (served(None), served([], name="other", description="Changed."))
    then = plan(facts(*unread, pods=(pod("a", ready={1: READY}),), after=first), NOW)
    cells, other = then.routes.capabilities
    assert [one.version for one in then.desired.models] == ["1.1"]
    assert (cells.current, [one.pod for one in cells.versions[0].endpoints]) == ("1.1", ["a"])
    assert other.description == "Changed."


def test_an_object_that_cannot_be_parsed_keeps_what_it_had():
    first = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),)), NOW)
    unparsed = replace(
        facts(pods=(pod("a", ready={1: READY}),), after=first), unreadable=frozenset({("team-a", "cells")})
    )
    then = plan(unparsed, NOW)
    assert [one.version for one in then.desired.models] == ["1.1"]
    assert only(then) == only(first)


def test_two_versions_with_one_file_are_one_model():
    twins = [release(2, model=1), release(1)]
    first = plan(facts(served(twins), pods=(pod("a", ready={1: READY}),)), NOW)
    assert [one.model for one in first.desired.models] == [triton_name(1)]
    assert wanted(first) == {"1.1": True}
    assert [one.version for one in only(first).versions] == ["1.2", "1.1"]


def test_thresholds_come_from_the_spec_else_from_the_card():
    outputs = [
        {"position": 0, "name": "RBC", "confidenceThresholdPercent": 55},
        {"position": 1, "name": "WBC"},
        {"position": 2, "name": "appended"},
    ]
    decided = plan(facts(served(releases(1), modelParameters={"outputs": outputs})), NOW)
    assert only(decided).versions[0].thresholds == {"RBC": 0.55, "WBC": 0.41}


def test_a_routed_version_carries_its_lineage():
    (version,) = only(plan(facts(served(releases(1))), NOW)).versions
    entry = published(1)
    assert (version.run, version.run_digest, version.dataset_digests) == (entry.run, entry.run_digest, [sha(77)])
    assert (version.input_width, version.input_height, version.transforms_version) == (320, 256, "1")


@pytest.mark.parametrize(
    ("one", "settled"),
    [
        pytest.param(pod("a", ready={1: READY}, generation=START), True, id="ready"),
        pytest.param(pod("a", ready={1: FAILED}, generation=START), True, id="failed"),
        pytest.param(pod("a", ready={1: PULLING}, generation=START), False, id="on its way"),
        pytest.param(pod("a", ready={1: READY}, generation=START - 1), False, id="works on an old document"),
        pytest.param(silent_pod("a"), False, id="silent"),
        pytest.param(pod("a", deleting=True), True, id="going"),
    ],
)
def test_the_pool_is_settled_when_every_pod_came_to_an_end(one: PodView, settled: bool):
    desired = plan(facts(served(releases(1))), NOW).desired
    names = [one.model for one in desired.models]
    assert is_settled(desired.generation, names, Pool.of([one])) is settled


def trials(decided: ServingPlan) -> dict[str, str]:
    return {one.version: one.trial_pod for one in decided.desired.models}


def test_what_no_pod_has_proven_is_tried_by_one_pod_first():
    pods = (pod("a"), pod("b"))
    first = plan(facts(served(releases(1)), pods=pods), NOW)
    assert trials(first) == {"1.1": "a"}
    proven = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}), pod("b")), after=first), NOW)
    assert trials(proven) == {"1.1": ""}


def test_the_pod_that_tries_goes_on_trying_as_long_as_it_answers():
    first = plan(facts(served(releases(1)), pods=(pod("b"),)), NOW)
    with_more = plan(facts(served(releases(1)), pods=(pod("a"), pod("b", kube_ready=False)), after=first), NOW)
    assert trials(with_more) == {"1.1": "b"}
    failed = plan(facts(served(releases(1)), pods=(pod("a"), pod("b", ready={1: FAILED})), after=with_more), NOW)
    assert trials(failed) == {"1.1": "b"}
    gone = plan(facts(served(releases(1)), pods=(pod("a"), silent_pod("b")), after=failed), NOW)
    assert trials(gone) == {"1.1": "a"}


def test_while_no_pod_answers_none_is_to_load_what_is_unproven():
    assert trials(plan(facts(served(releases(1)), pods=(silent_pod("a"),)), NOW)) == {"1.1": "-"}


def test_a_champion_needs_no_trial_on_a_new_server_version():
    first = plan(facts(served(releases(1)), pods=(pod("a", ready={1: READY}),)), NOW)
    upgraded = plan(
        facts(served(releases(1)), pods=(pod("a", ready={1: READY}), pod("b", server="9.9")), after=first), NOW
    )
    assert trials(upgraded) == {"1.1": ""}


def test_a_new_version_answers_when_every_pod_is_through_with_it():
    both = (pod("a", ready={1: READY}), pod("b", ready={1: READY}))
    first = plan(facts(served(releases(1)), pods=both), NOW)
    half = (pod("a", ready={1: READY, 2: READY}), pod("b", ready={1: READY, 2: LoadState.LOADING}))
    second = plan(facts(served(releases(1, 2)), pods=half, after=first), NOW)
    assert only(second).current == "1.1"
    whole = (pod("a", ready={1: READY, 2: READY}), pod("b", ready={1: READY, 2: READY}))
    assert only(plan(facts(served(releases(1, 2)), pods=whole, after=second), NOW)).current == "1.2"
    one_failed = (pod("a", ready={1: READY, 2: READY}), pod("b", ready={1: READY, 2: FAILED}))
    assert only(plan(facts(served(releases(1, 2)), pods=one_failed, after=second), NOW)).current == "1.2"
