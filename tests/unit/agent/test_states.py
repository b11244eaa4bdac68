"""What the pod reports of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capforge_agent.failures import Reason
from capforge_agent.plan import Observed, Track
from capforge_agent.states import pod_state
from capforge_agent.steps import Step
from capforge_contracts.serving import LoadState
from tests.unit.agent.test_plan import LATER, LOADED, PROVEN, PULLED, WANTED, A, B, entry, failed


@pytest.mark.parametrize(
    ("observed", "state", "reason"),
    [
        pytest.param(WANTED, LoadState.PENDING, "", id="wanted"),
        pytest.param(replace(WANTED, tracks={A: Track(running=Step.PULL)}), LoadState.PULLING, "", id="pulling"),
        pytest.param(replace(PULLED, tracks={A: Track(running=Step.LOAD)}), LoadState.LOADING, "", id="loading"),
        pytest.param(replace(LOADED, tracks={A: Track(running=Step.PROVE)}), LoadState.PROVING, "", id="proving"),
        pytest.param(LOADED, LoadState.PENDING, "", id="loaded is not yet served"),
        pytest.param(PROVEN, LoadState.READY, "", id="proven"),
        pytest.param(replace(PROVEN, index=None), LoadState.PENDING, "ServerUnavailable", id="Triton is away"),
        pytest.param(replace(PROVEN, local={A: "other"}), LoadState.PENDING, "", id="proven for another entry"),
        pytest.param(
            replace(WANTED, tracks={A: Track(running=Step.PULL, failure=failed(Reason.PULL_FAILED, Step.PULL, LATER))}),
            LoadState.FAILED,
            "PullFailed",
            id="a failure stays in sight while it is tried again",
        ),
    ],
)
def test_a_model_is_reported_as_it_is(observed: Observed, state: LoadState, reason: str) -> None:
    [reported] = pod_state(observed, "cpu", 1, "2.51.0", {}).models
    assert (reported.state, reported.reason) == (state, reason)


@pytest.mark.parametrize(
    ("observed", "ready"),
    [
        pytest.param(PROVEN, True, id="all served"),
        pytest.param(LOADED, False, id="not proven"),
        pytest.param(replace(PROVEN, index=None), False, id="Triton is away"),
        pytest.param(replace(WANTED, desired={}), True, id="nothing is wanted"),
        pytest.param(replace(WANTED, desired={}, index=None), False, id="nothing is wanted but Triton is away"),
        pytest.param(
            replace(
                PROVEN,
                desired={A: entry(A), B: entry(B).model_copy(update={"required": False})},
                fingerprints={A: "f", B: "g"},
            ),
            True,
            id="a challenger is still missing",
        ),
    ],
)
def test_the_pod_is_ready_when_every_required_model_is_served(observed: Observed, ready: bool) -> None:
    assert pod_state(observed, "cpu", 1, "2.51.0", {}).ready is ready


def test_a_refused_entry_is_reported_with_what_is_wrong() -> None:
    state = pod_state(PROVEN, "cpu", 4, "2.51.0", {"../x": "model must be …"})
    refused = {one.model: one for one in state.models}["../x"]
    assert (refused.state, refused.reason, refused.message) == (LoadState.FAILED, "InvalidModel", "model must be …")
    assert (state.generation, state.ready) == (4, True)
