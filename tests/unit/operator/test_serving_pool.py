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
    assert Pool.of([silent_pod("a", kube_ready=False)]).endpoints(triton_name(1), before) == []
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
