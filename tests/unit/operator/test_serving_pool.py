"""What the pods say, summed up; and what they have proven."""

from __future__ import annotations

import pytest

from capforge_contracts.serving import LoadState
from capforge_operator.domain.desired import Proofs
from capforge_operator.domain.pool import Loading, ModelView, PodView, Pool
from tests.unit.operator.serving_world import pod, silent_pod, triton_name

READY, FAILED, PULLING = LoadState.READY, LoadState.FAILED, LoadState.PULLING


@pytest.mark.parametrize(
    ("pods", "view"),
    [
        pytest.param([], ModelView(Loading.NO_PODS), id="no pods"),
        pytest.param([pod("a", deleting=True)], ModelView(Loading.NO_PODS), id="only one that goes"),
        pytest.param([pod("a")], ModelView(Loading.LOADING), id="an agent that has not heard of it"),
        pytest.param([silent_pod("a")], ModelView(Loading.LOADING), id="an agent that does not answer"),
        pytest.param([pod("a", ready={1: PULLING})], ModelView(Loading.LOADING), id="on its way"),
        pytest.param([pod("a", ready={1: READY})], ModelView(Loading.READY, 1), id="ready"),
        pytest.param(
            [pod("a", ready={1: READY}), pod("bb", ready={1: FAILED})],
            ModelView(Loading.READY, 1),
            id="ready on one, failed on another",
        ),
        pytest.param(
            [pod("a", ready={1: PULLING}), pod("bb", ready={1: FAILED})],
            ModelView(Loading.FAILED, 0, "LoadFailed", "bad graph"),
            id="failed on one, on its way on another",
        ),
    ],
)
def test_how_a_model_stands(pods: list[PodView], view: ModelView):
    assert Pool.of(pods).view(triton_name(1)) == view


def test_only_pods_that_have_proven_a_model_are_its_endpoints():
    pool = Pool.of(
        [pod("ccc", ready={1: READY}), pod("bb", ready={1: PULLING}), pod("a", ready={1: READY}, deleting=True)]
    )
    assert [(one.pod, one.address) for one in pool.endpoints(triton_name(1))] == [("ccc", "10.0.0.3:8000")]


def test_a_pod_whose_agent_is_silent_for_a_moment_keeps_what_it_had():
    before = Pool.of([pod("a", ready={1: READY})]).endpoints(triton_name(1))
    assert Pool.of([silent_pod("a")]).endpoints(triton_name(1), before) == before
    rest = [silent_pod("a", kube_ready=False), pod("b", ready={1: READY})]
    assert [one.pod for one in Pool.of(rest).endpoints(triton_name(1), before)] == ["b"]
    assert Pool.of([silent_pod("a")]).endpoints(triton_name(1)) == []


def updated(proofs: Proofs, *pods: PodView, loaded: tuple[int, ...] = (1, 2)) -> Proofs:
    return proofs.updated(Pool.of(pods), frozenset(triton_name(minor) for minor in loaded))


def test_a_model_is_proven_once_a_pod_has_it_ready():
    proofs = updated(Proofs(), pod("a", ready={1: READY, 2: PULLING}))
    assert proofs.holds(triton_name(1))
    assert not proofs.holds(triton_name(2))


def test_a_proof_outlives_a_restart_of_pods_and_operator():
    proofs = updated(Proofs(), pod("a", ready={1: READY}))
    again = Proofs.from_json(proofs.to_json())
    assert updated(again, pod("a", ready={1: PULLING})).holds(triton_name(1))
    assert updated(again).holds(triton_name(1))


def test_another_server_version_must_prove_anew():
    proofs = updated(Proofs(), pod("a", ready={1: READY}))
    both = updated(proofs, pod("a", ready={1: READY}), pod("bb", server="3.0.0", ready={1: PULLING}))
    assert not both.holds(triton_name(1))
    assert updated(both, pod("bb", server="3.0.0", ready={1: READY})).holds(triton_name(1))


def test_what_is_no_longer_loaded_is_forgotten():
    proofs = updated(Proofs(), pod("a", ready={1: READY}))
    assert not updated(proofs, pod("a", ready={1: READY}), loaded=(2,)).holds(triton_name(1))


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"2.51.0": 3}'])
def test_an_unreadable_proof_proves_nothing(text: str):
    assert Proofs.from_json(text) == Proofs()


@pytest.mark.parametrize(
    "last",
    [silent_pod("a", kube_ready=False), pod("a", ready={1: LoadState.PENDING}, server="")],
    ids=["the agent is silent", "Triton is silent to its agent"],
)
def test_the_last_pod_is_asked_all_the_same(last: PodView):
    before = Pool.of([pod("a", ready={1: READY})]).endpoints(triton_name(1))
    (doubtful,) = Pool.of([last]).endpoints(triton_name(1), before)
    assert (doubtful.pod, doubtful.address, doubtful.doubtful) == ("a", before[0].address, True)
    assert Pool.of([last]).endpoints(triton_name(1), [doubtful]) == [doubtful]
    assert not Pool.of([last]).is_ready(triton_name(1))


@pytest.mark.parametrize("state", [LoadState.PENDING, LoadState.LOADING, LoadState.PROVING, LoadState.FAILED])
def test_a_server_that_is_known_not_to_have_proven_a_model_is_never_asked(state: LoadState):
    before = Pool.of([pod("a", ready={1: READY})]).endpoints(triton_name(1))
    assert Pool.of([pod("a", ready={1: state})]).endpoints(triton_name(1), before) == []


@pytest.mark.parametrize(
    ("other", "spread"),
    [
        (pod("b", ready={1: READY}), True),
        (pod("b", ready={1: LoadState.FAILED}), True),
        (pod("b", ready={1: LoadState.LOADING}), False),
        (pod("b"), False),
        (silent_pod("b"), True),
        (pod("b", deleting=True), True),
    ],
    ids=["ready", "failed", "loading", "does not know of it", "silent", "going"],
)
def test_a_model_is_spread_when_no_pod_is_on_its_way_with_it(other: PodView, spread: bool):
    assert Pool.of([pod("a", ready={1: READY}), other]).is_spread(triton_name(1)) is spread
